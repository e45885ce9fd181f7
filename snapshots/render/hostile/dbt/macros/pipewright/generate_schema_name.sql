{#- A model's schema is the one that its folder names, in every target: targets are databases, or files, of their own. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
{{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
