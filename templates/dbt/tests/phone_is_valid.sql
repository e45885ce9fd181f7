{#- Every value that is there has seven to fifteen digits in the form of a phone number, in whatever notation. -#}
{% test phone_is_valid(model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and {{ regexp_match(
        regexp_remove('lower(cast(' ~ column_name ~ ' as ' ~ dbt.type_string() ~ '))', '^ *tel:|[(]0[)]|[ ()./-]|(ext|x|#).*$'),
        '^[+]?[0-9]{7,15}$'
    ) }} is null

{% endtest %}
