{#- A text with other words in the place of all that a pattern matches. Patterns keep to what every dialect reads alike. -#}
{% macro regexp_substitute(text, pattern, words) -%}
{{ return(adapter.dispatch('regexp_substitute', '[[ project ]]')(text, pattern, words)) }}
{%- endmacro %}

{% macro default__regexp_substitute(text, pattern, words) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ words }}')
{%- endmacro %}

{% macro duckdb__regexp_substitute(text, pattern, words) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ words }}', 'g')
{%- endmacro %}

{% macro postgres__regexp_substitute(text, pattern, words) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ words }}', 'g')
{%- endmacro %}

{% macro redshift__regexp_substitute(text, pattern, words) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ words }}')
{%- endmacro %}
