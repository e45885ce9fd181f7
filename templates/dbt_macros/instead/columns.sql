{# Macros that ask for columns, where a `*` or the names at hand say the same. Asked before the package's own; `theirs__`
   leaves it to that. #}

{% macro dbt_utils__star(from, relation_alias=false, except=[], prefix='', suffix='', quote_identifiers=true) -%}
    {%- set can_exclude = target.type in ['snowflake', 'duckdb', 'bigquery', 'databricks', 'redshift'] -%}
    {%- if known__(from) or prefix or suffix or (except | list and not can_exclude) -%}
        {{ theirs__() }}
    {%- endif -%}
    {{ relation_alias ~ '.' if relation_alias }}{{ from }}.*
    {%- if except | list %} {{ 'except' if target.type in ['bigquery', 'databricks'] else 'exclude' }} ({{ except | join(', ') }}){% endif -%}
{%- endmacro %}

{# Columns that nobody knows are asked for only where something is done with them. #}
{% macro dbt_utils__get_filtered_columns_in_relation(from, except=[]) -%}
    {%- if known__(from) -%}
        {{ theirs__() }}
    {%- endif -%}
    {{ return(adapter.get_columns_in_relation(from)) }}
{%- endmacro %}

{% macro fivetran_utils__fill_staging_columns(source_columns, staging_columns) -%}
    {%- if known__(source_columns) -%}
        {{ theirs__() }}
    {%- endif -%}
    {%- for column in staging_columns %}
    {%- set name = adapter.quote(column.name | upper if target.type == 'snowflake' else column.name) if column.quote else column.name %}
    {{ name }} as {{ column.alias if 'alias' in column else name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro dbt_utils__union_relations(relations, column_override=none, include=[], exclude=[], source_column_name='_dbt_source_relation', where=none) -%}
    {%- set by_name = target.type in ['snowflake', 'duckdb', 'bigquery', 'databricks'] and not include and not column_override -%}
    {%- if by_name -%}
        {%- set unknown = [] -%}
        {%- for relation in relations if not known__(relation) -%}
            {%- do unknown.append(relation) -%}
        {%- endfor -%}
        {%- if unknown -%}
            {{ return(instead.stars_by_name(relations, exclude, source_column_name, where)) }}
        {%- endif -%}
    {%- endif -%}
    {%- set typed = [] -%}
    {%- for relation in relations if not known__(relation, true) -%}
        {%- do typed.append(relation) -%}
    {%- endfor -%}
    {%- if not typed -%}
        {{ theirs__() }}
    {%- endif -%}
    {%- set wanted = (include or []) | map('lower') | list -%}
    {%- set left_out = (exclude or []) | map('lower') | list -%}
    {%- set names = [] -%}
    {%- set owners = {} -%}
    {%- for relation in relations -%}
        {%- set own = [] -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- if column.name | lower not in left_out and (not wanted or column.name | lower in wanted) -%}
                {%- do own.append(column.name) -%}
                {%- if column.name not in names -%}{%- do names.append(column.name) -%}{%- endif -%}
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
            {%- for name in names %}
            {{ adapter.quote(name) if name in owners[relation | string] else 'null' }} as {{ adapter.quote(name) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }}
        {%- if where %}
        where {{ where }}
        {%- endif %}
    )
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{# Every column of every relation, where which those are is not known: `*`, put together by name. #}
{% macro stars_by_name(relations, exclude, source_column_name, where) -%}
    {%- for relation in relations %}
    (
        select
            {%- if source_column_name is not none %}
            cast('{{ relation }}' as {{ dbt.type_string() }}) as {{ source_column_name }},
            {%- endif %}
            *
            {%- if exclude | list %} {{ 'except' if target.type in ['bigquery', 'databricks'] else 'exclude' }} ({{ exclude | join(', ') }}){% endif %}
        from {{ relation }}
        {%- if where %}
        where {{ where }}
        {%- endif %}
    )
    {% if not loop.last %}union all by name{% endif %}
    {%- endfor %}
{%- endmacro %}

{# The one value of a query may end in a literal; a macro that counts the rows first is not asked. #}
{% macro dbt_utils__get_single_value(query, default=none) -%}
    {{ return(run_query(query)) }}
{%- endmacro %}

{# How many periods lie between two dates, a warehouse would say; a spine has the same columns however long it is. #}
{% macro dbt_utils__get_intervals_between(start_date, end_date, datepart) -%}
    {{ return(4096) }}
{%- endmacro %}

{% macro dbt_date__get_intervals_between(start_date, end_date, datepart) -%}
    {{ return(4096) }}
{%- endmacro %}

{# Rows of a seed are in its file. #}
{% macro dbt_utils__get_column_values(table, column, order_by='count(*) desc', max_records=none, default=none, where=none) -%}
    {%- set values = values__(table, column, order_by, max_records) if not where else none -%}
    {%- if values is none -%}
        {{ theirs__() }}
    {%- endif -%}
    {{ return(values) }}
{%- endmacro %}

{# How a truth is cast is all that types are asked for. #}
{% macro dbt_utils__unpivot(relation=none, cast_to='varchar', exclude=none, remove=none, field_name='field_name', value_name='value', quote_identifiers=false, table=none) -%}
    {%- if not relation or not known__(relation) or known__(relation, true) -%}
        {{ theirs__() }}
    {%- endif -%}
    {%- set kept = (exclude or []) | map('lower') | list -%}
    {%- set gone = kept + ((remove or []) | map('lower') | list) -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.name | lower not in gone -%}
        {%- do columns.append(adapter.quote(column.name) if quote_identifiers else column.name) -%}
    {%- endfor -%}
    {%- for column in columns %}
    select
        {% for name in exclude or [] %}{{ adapter.quote(name) if quote_identifiers else name }}, {% endfor %}
        cast('{{ column }}' as {{ dbt.type_string() }}) as {{ field_name }},
        cast({{ column }} as {{ cast_to }}) as {{ value_name }}
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}
