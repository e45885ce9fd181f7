{#- Texts have at least and at most so many characters, without the spaces around them. -#}
{% test accepted_length(model, column_name, at_least=none, at_most=none) %}

select {{ column_name }}
from {{ model }}
where
    1 = 0
    {% if at_least is not none %}or length(trim(cast({{ column_name }} as {{ dbt.type_string() }}))) < {{ at_least }}{% endif %}
    {% if at_most is not none %}or length(trim(cast({{ column_name }} as {{ dbt.type_string() }}))) > {{ at_most }}{% endif %}

{% endtest %}
