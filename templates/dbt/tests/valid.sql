{#- [[ about ]] -#}
{% test [[ name ]](model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and not ([[ valid ]])

{% endtest %}
