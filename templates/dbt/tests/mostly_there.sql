{#- At most so many percent of the rows have no value; an empty text is none. -#}
{% test mostly_there(model, column_name, missing_percent) %}

select
    count(*) as number_of_rows,
    count(nullif(trim(cast({{ column_name }} as {{ dbt.type_string() }})), '')) as number_of_values
from {{ model }}
having
    count(*) - count(nullif(trim(cast({{ column_name }} as {{ dbt.type_string() }})), ''))
    > count(*) * {{ missing_percent }} / 100.0

{% endtest %}
