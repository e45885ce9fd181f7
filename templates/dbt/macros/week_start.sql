{#- The Monday that a week starts with, whatever the account or the dialect takes for its first day. -#}
{% macro week_start(date) -%}
{{ return(adapter.dispatch('week_start', '[[ project ]]')(date)) }}
{%- endmacro %}

{% macro default__week_start(date) -%}
{{ dbt.date_trunc('week', date) }}
{%- endmacro %}

{% macro snowflake__week_start(date) -%}
dateadd('day', 1 - dayofweekiso({{ date }}), date_trunc('day', {{ date }}))
{%- endmacro %}

{% macro bigquery__week_start(date) -%}
{{ dbt.date_trunc('isoweek', date) }}
{%- endmacro %}
