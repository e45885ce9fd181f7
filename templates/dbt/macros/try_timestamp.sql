{#- A moment from a text of the form 2026-03-31 10:15:30; null where there is none, but on Redshift an error. -#}
{% macro try_timestamp(text) -%}
{{ return(adapter.dispatch('try_timestamp', '[[ project ]]')(text)) }}
{%- endmacro %}

{% macro default__try_timestamp(text) -%}
cast({{ text }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

{% macro duckdb__try_timestamp(text) -%}
try_cast({{ text }} as timestamp)
{%- endmacro %}

{% macro snowflake__try_timestamp(text) -%}
try_cast({{ text }} as timestamp_ntz)
{%- endmacro %}

{% macro postgres__try_timestamp(text) -%}
case when pg_input_is_valid({{ text }}, 'timestamp') then cast({{ text }} as timestamp) end
{%- endmacro %}

{% macro bigquery__try_timestamp(text) -%}
safe_cast({{ text }} as timestamp)
{%- endmacro %}

{% macro databricks__try_timestamp(text) -%}
try_cast({{ text }} as timestamp)
{%- endmacro %}
