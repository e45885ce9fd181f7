[# Steps follow each other: sources, joined, filtered, grouped or selected. Each reads the one before it. #]
[% for source in sources %]
[[ "with " if loop.first else "" ]][[ source.alias ]] as (

    select * from {{ ref('[[ source.model ]]') }}
[% for line in source.where %]
    [[ line ]]
[% endfor %]

)[[ "" if loop.last and not steps else "," ]]

[% endfor %]
[% for step in steps %]
[[ step.name ]] as (

[% for line in step.select %]
    [[ line ]]
[% endfor %]
    from [[ step.from ]]
[% for join in step.joins %]
    [[ join.kind ]] join [[ join.alias ]]
[% if not join.on %]
[% elif join.on | length == 1 %]
        on [[ join.on[0] ]]
[% else %]
        on
[% for pair in join.on %]
            [[ pair ]]
[% endfor %]
[% endif %]
[% endfor %]
[% for line in step.where %]
    [[ line ]]
[% endfor %]
[% if step.group_by | length == 1 %]
    group by [[ step.group_by[0] ]]
[% elif step.group_by %]
    group by
[% for line in step.group_by %]
        [[ line ]]
[% endfor %]
[% endif %]

)[[ "" if loop.last else "," ]]

[% endfor %]
select * from [[ last ]]
