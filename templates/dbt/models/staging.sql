with source as (

    select * from {{ source('[[ source ]]', '[[ table ]]') }}

),

[[ step ]] as (

[% for line in select %]
    [[ line ]]
[% endfor %]
    from source

)

select * from [[ step ]]
