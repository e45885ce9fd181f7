{#- No moment lies before the end of the period that this run answers for. -#}
{% test not_in_past(model, column_name) %}

select {{ column_name }}
from {{ model }}
where cast({{ column_name }} as {{ dbt.type_timestamp() }}) < {{ as_of() }}

{% endtest %}
