{#- The part of a text that a pattern matches, or null. Patterns keep to what every dialect reads alike: no backslash. -#}
{% macro regexp_match(text, pattern) -%}
{{ return(adapter.dispatch('regexp_match', '[[ project ]]')(text, pattern)) }}
{%- endmacro %}

{% macro default__regexp_match(text, pattern) -%}
nullif(regexp_substr({{ text }}, '{{ pattern }}'), '')
{%- endmacro %}

{% macro duckdb__regexp_match(text, pattern) -%}
nullif(regexp_extract({{ text }}, '{{ pattern }}'), '')
{%- endmacro %}

{% macro postgres__regexp_match(text, pattern) -%}
(regexp_match({{ text }}, '({{ pattern }})'))[1]
{%- endmacro %}

{% macro bigquery__regexp_match(text, pattern) -%}
case when regexp_contains({{ text }}, r'{{ pattern }}') then {{ text }} end
{%- endmacro %}

{% macro redshift__regexp_match(text, pattern) -%}
nullif(regexp_substr({{ text }}, '{{ pattern }}'), '')
{%- endmacro %}

{% macro databricks__regexp_match(text, pattern) -%}
nullif(regexp_extract({{ text }}, '{{ pattern }}', 0), '')
{%- endmacro %}
