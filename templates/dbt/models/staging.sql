with source as (

    select * from {{ source('[[ source ]]', '[[ table ]]') }}

),

[[ step ]] as (

[% for line in select %]
    [[ line ]]
[% endfor %]
    from source

)[[ "," if reason else "" ]]

[% if reason %]
judged as (

[% for line in reason %]
    [[ line ]]
[% endfor %]
    from [[ step ]]

)

[% endif %]
select * from [[ "judged" if reason else step ]]
