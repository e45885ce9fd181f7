{#- A condition over the columns of a row is true, or unknown because a value is missing. -#}
{% test condition_holds(model, condition, column_name=none) %}

select *
from {{ model }}
where not ({{ condition }})

{% endtest %}
