{#- Every value that is there has the form of a web address with its protocol. -#}
{% test url_is_valid(model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and {{ regexp_match(
        'lower(trim(' ~ column_name ~ '))', '^https?://[^ /.]+([.][^ /.]+)+(:[0-9]+)?(/[^ ]*)?$'
    ) }} is null

{% endtest %}
