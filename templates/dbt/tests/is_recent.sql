{#- The newest moment lies at most so many hours before the end of the period that this run answers for. -#}
{% test is_recent(model, column_name, hours) %}

select max({{ column_name }}) as newest
from {{ model }}
having
    max({{ column_name }}) is null
    or cast(max({{ column_name }}) as {{ dbt.type_timestamp() }}) < {{ dbt.dateadd('hour', 0 - hours, as_of()) }}

{% endtest %}
