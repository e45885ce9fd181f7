{#- Every value that is there, without the spaces around it, matches a regular expression without backslashes. -#}
{% test matches_pattern(model, column_name, pattern) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and {{ regexp_match('trim(' ~ column_name ~ ')', pattern) }} is null

{% endtest %}
