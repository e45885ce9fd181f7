{#- No value is an empty text, or one of spaces only; missing ones are what `not_null` is for. -#}
{% test not_blank(model, column_name) %}

select {{ column_name }}
from {{ model }}
where trim({{ column_name }}) = ''

{% endtest %}
