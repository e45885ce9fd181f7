{#- The number of rows lies between bounds, both allowed; either may be left out. -#}
{% test row_count_between(model, at_least=none, at_most=none) %}

select count(*) as number_of_rows
from {{ model }}
having
    1 = 0
    {% if at_least is not none %}or count(*) < {{ at_least }}{% endif %}
    {% if at_most is not none %}or count(*) > {{ at_most }}{% endif %}

{% endtest %}
