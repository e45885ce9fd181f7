{#- A text without everything that a pattern matches. Patterns keep to what every dialect reads alike: no backslash. -#}
{% macro regexp_remove(text, pattern) -%}
{{ return(adapter.dispatch('regexp_remove', '[[ project ]]')(text, pattern)) }}
{%- endmacro %}

{% macro default__regexp_remove(text, pattern) -%}
regexp_replace({{ text }}, '{{ pattern }}', '')
{%- endmacro %}

{% macro duckdb__regexp_remove(text, pattern) -%}
regexp_replace({{ text }}, '{{ pattern }}', '', 'g')
{%- endmacro %}

{% macro postgres__regexp_remove(text, pattern) -%}
regexp_replace({{ text }}, '{{ pattern }}', '', 'g')
{%- endmacro %}

{% macro redshift__regexp_remove(text, pattern) -%}
regexp_replace({{ text }}, '{{ pattern }}', '')
{%- endmacro %}
