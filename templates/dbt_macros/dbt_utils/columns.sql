{# What asks `dbt_utils` for the columns or values of a relation. #}

{% macro get_filtered_columns_in_relation(from, except=[]) -%}
    {%- set left_out = except | map('lower') | list -%}
    {%- set kept = [] -%}
    {%- for column in adapter.get_columns_in_relation(from) -%}
        {%- if column.column | lower not in left_out -%}
            {%- do kept.append(column.column) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(kept) }}
{%- endmacro %}

{% macro star(from, relation_alias=false, except=[], prefix='', suffix='', quote_identifiers=true) -%}
    {%- for column in dbt_utils.get_filtered_columns_in_relation(from, except) -%}
        {%- if relation_alias %}{{ relation_alias }}.{% endif -%}
        {{ adapter.quote(column) | trim if quote_identifiers else column | trim }}
        {%- if prefix or suffix %} as {{ adapter.quote(prefix ~ column ~ suffix) | trim if quote_identifiers else prefix ~ column ~ suffix }}{% endif -%}
        {%- if not loop.last %},
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro get_column_values(table, column, order_by='count(*) desc', max_records=none, default=none, where=none) -%}
    {{ return(run_query('the values of ' ~ column)) }}
{%- endmacro %}

{% macro get_query_results_as_dict(query) -%}
    {{ return(run_query(query)) }}
{%- endmacro %}

{% macro get_single_value(query, default=none) -%}
    {{ return(run_query(query)) }}
{%- endmacro %}

{% macro get_relations_by_prefix(schema, prefix, exclude='', database=target.database) -%}
    {{ return(run_query('relations')) }}
{%- endmacro %}

{% macro get_relations_by_pattern(schema_pattern, table_pattern, exclude='', database=target.database) -%}
    {{ return(run_query('relations')) }}
{%- endmacro %}

{% macro pivot(column, values, alias=true, agg='sum', cmp='=', prefix='', suffix='', then_value=1, else_value=0, quote_identifiers=true, distinct=false) -%}
    {%- for value in values %}
    {{ agg }}(
        {{ 'distinct ' if distinct }}case when {{ column }} {{ cmp }} '{{ dbt.escape_single_quotes(value) }}' then {{ then_value }} else {{ else_value }} end
    )
    {%- if alias %} as {{ adapter.quote(prefix ~ value ~ suffix) if quote_identifiers else dbt_utils.slugify(prefix ~ value ~ suffix) }}{% endif %}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro unpivot(relation=none, cast_to='varchar', exclude=none, remove=none, field_name='field_name', value_name='value', quote_identifiers=false) -%}
    {%- set kept = exclude | map('lower') | list if exclude else [] -%}
    {%- set gone = kept + (remove | map('lower') | list if remove else []) -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- if column.column | lower not in gone -%}
            {%- do columns.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for column in columns %}
    select
        {% for name in exclude or [] %}{{ name }}, {% endfor %}
        cast('{{ column.column }}' as {{ dbt.type_string() }}) as {{ field_name }},
        cast({{ column.column }} as {{ cast_to }}) as {{ value_name }}
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro union_relations(relations, column_override=none, include=[], exclude=[], source_column_name='_dbt_source_relation', where=none) -%}
    {%- set wanted = include | map('lower') | list -%}
    {%- set left_out = exclude | map('lower') | list -%}
    {%- set types = {} -%}
    {%- set owners = {} -%}
    {%- for relation in relations -%}
        {%- set own = [] -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- set name = column.column -%}
            {%- if name | lower not in left_out and (not wanted or name | lower in wanted) -%}
                {%- do own.append(name) -%}
                {%- do types.setdefault(name, column.data_type) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do owners.update({relation | string: own}) -%}
    {%- endfor -%}
    {%- for relation in relations %}
    (
        select
            {%- if source_column_name is not none %}
            cast('{{ relation }}' as {{ dbt.type_string() }}) as {{ source_column_name }},
            {%- endif %}
            {%- for name, type in types.items() %}
            {%- set type = (column_override or {}).get(name, type) %}
            cast({{ adapter.quote(name) if name in owners[relation | string] else 'null' }} as {{ type }}) as {{ adapter.quote(name) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }}
        {%- if where %}
        where {{ where }}
        {%- endif %}
    )
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro get_table_types_sql() -%}
    case table_type when 'BASE TABLE' then 'table' when 'EXTERNAL TABLE' then 'external' when 'MATERIALIZED VIEW' then 'materializedview' else lower(table_type) end as {{ adapter.quote('table_type') }}
{%- endmacro %}

{% macro string_literal(value) -%}{{ dbt.string_literal(value) }}{%- endmacro %}
