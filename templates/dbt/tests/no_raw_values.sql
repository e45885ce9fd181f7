{#- No value of a masked column is a value of the column that it was made from. -#}
{% test no_raw_values(model, column_name, to, field) %}

with

raw_values as (

    select lower(trim(cast({{ field }} as {{ dbt.type_string() }}))) as raw_value
    from {{ to }}
    where {{ field }} is not null

)

select masked.{{ column_name }}
from {{ model }} as masked
inner join raw_values
    on lower(trim(cast(masked.{{ column_name }} as {{ dbt.type_string() }}))) = raw_values.raw_value

{% endtest %}
