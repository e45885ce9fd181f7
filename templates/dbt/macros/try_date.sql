{#- A date from a text of the form 2026-03-31; null where there is no such day, but on Redshift an error. -#}
{% macro try_date(text) -%}
{{ return(adapter.dispatch('try_date', '[[ project ]]')(text)) }}
{%- endmacro %}

{% macro default__try_date(text) -%}
cast({{ text }} as date)
{%- endmacro %}

{% macro duckdb__try_date(text) -%}
try_cast({{ text }} as date)
{%- endmacro %}

{% macro snowflake__try_date(text) -%}
try_cast({{ text }} as date)
{%- endmacro %}

{% macro postgres__try_date(text) -%}
case when pg_input_is_valid({{ text }}, 'date') then cast({{ text }} as date) end
{%- endmacro %}

{% macro bigquery__try_date(text) -%}
safe_cast({{ text }} as date)
{%- endmacro %}

{% macro databricks__try_date(text) -%}
try_cast({{ text }} as date)
{%- endmacro %}
