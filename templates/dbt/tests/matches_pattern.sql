{#- Every value that is there, without the spaces around it, matches a regular expression without backslashes. -#}
{% test matches_pattern(model, column_name, pattern) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and {{ regexp_match('trim(cast(' ~ column_name ~ ' as ' ~ dbt.type_string() ~ '))', pattern) }} is null

{% endtest %}
