{#- Of the states of each row that a snapshot keeps, one at most is current. -#}
{% test one_current_row(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
where dbt_valid_to is null
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
