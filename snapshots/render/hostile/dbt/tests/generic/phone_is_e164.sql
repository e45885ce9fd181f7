{#- No value but E.164 numbers and nulls. -#}
{% test phone_is_e164(model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and (
        {{ column_name }} not like '+%'
        or length({{ column_name }}) < 9
        or length({{ column_name }}) > 16
    )

{% endtest %}
