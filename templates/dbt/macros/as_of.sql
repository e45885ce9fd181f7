{#- The end of the period that this run answers for, exclusive: the `as_of` variable, or now. -#}
{% macro as_of() -%}
{%- if var('as_of', '') -%}
cast('{{ var("as_of") }}' as {{ dbt.type_timestamp() }})
{%- else -%}
cast({{ dbt.current_timestamp() }} as {{ dbt.type_timestamp() }})
{%- endif -%}
{%- endmacro %}
