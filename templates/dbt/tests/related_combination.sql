{#- Every combination of values of these columns, where all are there, stands in a row of another model. -#}
{% test related_combination(model, columns, to, fields) %}

select {{ columns | join(', ') }}
from {{ model }}
where {{ columns | join(' is not null and ') }} is not null
{{ dbt.except() }}
select {{ fields | join(', ') }}
from {{ to }}

{% endtest %}
