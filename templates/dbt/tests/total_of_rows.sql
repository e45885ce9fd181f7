{#- A total is the sum over the rows of another model that belong to it, to half a hundredth. -#}
{% test total_of_rows(model, column_name, key, to, field, amount) %}

with

parts as (

    select
        {{ field }} as part_of,
        sum({{ amount }}) as total
    from {{ to }}
    group by {{ field }}

)

select
    wholes.{{ key }},
    wholes.{{ column_name }},
    parts.total
from {{ model }} as wholes
left join parts on wholes.{{ key }} = parts.part_of
where abs(wholes.{{ column_name }} - coalesce(parts.total, 0)) > 0.005

{% endtest %}
