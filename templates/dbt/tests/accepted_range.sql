{#- Values lie between bounds: `at_least` and `at_most` are allowed themselves, `above` and `below` are not. -#}
{% test accepted_range(model, column_name, at_least=none, at_most=none, above=none, below=none) %}

select {{ column_name }}
from {{ model }}
where
    1 = 0
    {% if at_least is not none %}or {{ column_name }} < {{ at_least }}{% endif %}
    {% if at_most is not none %}or {{ column_name }} > {{ at_most }}{% endif %}
    {% if above is not none %}or {{ column_name }} <= {{ above }}{% endif %}
    {% if below is not none %}or {{ column_name }} >= {{ below }}{% endif %}

{% endtest %}
