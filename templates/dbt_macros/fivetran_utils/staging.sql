{# What Fivetran's packages ask of `fivetran_utils`. #}

{% macro union_data(table_identifier, database_variable, schema_variable, default_database, default_schema, default_variable, union_schema_variable='union_schemas', union_database_variable='union_databases') -%}
    {%- set schemas = var(union_schema_variable, none) or var(union_database_variable, none) -%}
    {%- if schemas -%}
        {{ run_query('relations of several schemas') }}
    {%- else -%}
        select *
        from {{ source(default_schema, table_identifier) }}
    {%- endif -%}
{%- endmacro %}

{% macro source_relation(union_schema_variable='union_schemas', union_database_variable='union_databases') -%}
    {%- set names = var(union_schema_variable, none) or var(union_database_variable, none) -%}
    {%- if names %}
    , case
        {% for name in names %}
        when lower(_dbt_source_relation) like '%{{ name | lower }}.%' then '{{ name | lower }}'
        {% endfor %}
    end as source_relation
    {%- else %}
    , cast('' as {{ dbt.type_string() }}) as source_relation
    {%- endif %}
{%- endmacro %}

{% macro add_dbt_source_relation() -%}
    {%- if var('union_schemas', none) or var('union_databases', none) %}, _dbt_source_relation{% endif -%}
{%- endmacro %}

{% macro quote_column(column) -%}
    {{ adapter.quote(column.name | upper if target.type == 'snowflake' else column.name) if column.quote else column.name }}
{%- endmacro %}

{% macro fill_staging_columns(source_columns, staging_columns) -%}
    {%- set there = source_columns | map(attribute='name') | map('lower') | list -%}
    {%- for column in staging_columns %}
    {{ fivetran_utils.quote_column(column) if column.name | lower in there else 'cast(null as ' ~ column.datatype ~ ')' }} as {{ column.alias if 'alias' in column else fivetran_utils.quote_column(column) }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro add_pass_through_columns(base_columns, pass_through_var) -%}
    {%- for column in pass_through_var or [] -%}
        {%- set entry = {'name': column.name if column is mapping else column, 'datatype': (column.datatype if column is mapping) or dbt.type_string()} -%}
        {%- if column is mapping and column.alias -%}
            {%- do entry.update({'alias': column.alias}) -%}
        {%- endif -%}
        {%- do base_columns.append(entry) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro fill_pass_through_columns(pass_through_variable) -%}
    {%- for field in var(pass_through_variable, none) or [] %}
    , {% if field is mapping %}{{ field.transform_sql ~ ' as ' if field.transform_sql }}{{ field.alias or field.name }}{% else %}{{ field }}{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro persist_pass_through_columns(pass_through_variable, identifier=none, transform='', append_string='') -%}
    {%- for field in var(pass_through_variable, none) or [] %}
    {%- set name = (field.alias or field.name) if field is mapping else field %}
    , {{ transform ~ '(' ~ (identifier ~ '.' if identifier else '') ~ name ~ ')' }} as {{ name ~ append_string }}
    {%- endfor %}
{%- endmacro %}

{% macro remove_prefix_from_columns(columns, prefix='', exclude=[]) -%}
    {%- for column in columns if column.name not in exclude %}
    {{ column.name }}{% if column.name[:prefix | length] | lower == prefix %} as {{ column.name[prefix | length:] }}{% endif %}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro enabled_vars(vars) -%}
    {%- for name in vars if var(name, true) == false -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}

{% macro enabled_vars_one_true(vars) -%}
    {%- for name in vars if var(name, false) == true -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}

{% macro dummy_coalesce_value(column) -%}
    {%- set kind = column.data_type | lower -%}
    {{ return('cast(0 as ' ~ column.data_type ~ ')' if 'int' in kind or 'num' in kind or 'float' in kind else "'DUMMY_STRING'" if 'char' in kind or 'text' in kind or 'string' in kind else 'null') }}
{%- endmacro %}

{% macro string_agg(field_to_agg, delimiter) -%}
    {{ 'listagg' if target.type in ['snowflake', 'redshift'] else 'string_agg' }}({{ field_to_agg }}, {{ delimiter }})
{%- endmacro %}

{% macro array_agg(field_to_agg) -%}
    {{ 'listagg' if target.type == 'redshift' else 'collect_list' if target.type in ['spark', 'databricks'] else 'array_agg' }}({{ field_to_agg }})
{%- endmacro %}

{% macro max_bool(boolean_field) -%}
    {{ 'bool_or' if target.type in ['postgres', 'duckdb'] else 'max' }}({{ boolean_field }})
{%- endmacro %}

{% macro ceiling(num) -%}
    {{ 'ceil' if target.type in ['bigquery', 'postgres', 'duckdb'] else 'ceiling' }}({{ num }})
{%- endmacro %}

{% macro first_value(first_value_field, partition_field, order_by_field, order='asc') -%}
    first_value({{ first_value_field }}{{ ' ignore nulls' if target.type not in ['postgres', 'duckdb'] }}) over (partition by {{ partition_field }} order by {{ order_by_field }} {{ order }} rows between unbounded preceding and unbounded following)
{%- endmacro %}

{% macro timestamp_add(datepart, interval, from_timestamp) -%}
    {%- if target.type == 'bigquery' -%}
        timestamp_add({{ from_timestamp }}, interval {{ interval }} {{ datepart }})
    {%- else -%}
        {{ dbt.dateadd(datepart, interval, from_timestamp) }}
    {%- endif -%}
{%- endmacro %}

{% macro timestamp_diff(first_date, second_date, datepart) -%}
    {%- if target.type == 'bigquery' -%}
        timestamp_diff({{ second_date }}, {{ first_date }}, {{ datepart }})
    {%- else -%}
        {{ dbt.datediff(first_date, second_date, datepart) }}
    {%- endif -%}
{%- endmacro %}

{% macro try_cast(field, type) -%}
    {{ dbt.safe_cast(field, type) }}
{%- endmacro %}

{% macro json_parse(string, string_path) -%}
    {%- if target.type == 'snowflake' -%}
        parse_json({{ string }}){% for key in string_path %}['{{ key }}']{% endfor %}
    {%- elif target.type == 'bigquery' -%}
        json_extract_scalar({{ string }}, '$.{{ string_path | join('.') }}')
    {%- elif target.type in ['spark', 'databricks'] -%}
        {{ string }}:{{ string_path | join('.') }}
    {%- else -%}
        {{ string }}::json #>> '{ {{- string_path | join(',') -}} }'
    {%- endif -%}
{%- endmacro %}

{% macro json_extract(string, string_path) -%}
    {%- if target.type == 'snowflake' -%}
        json_extract_path_text(try_parse_json({{ string }}), '{{ string_path }}')
    {%- elif target.type == 'redshift' -%}
        json_extract_path_text({{ string }}, '{{ string_path }}')
    {%- elif target.type == 'postgres' -%}
        {{ string }}::json->>'{{ string_path }}'
    {%- else -%}
        json_extract_scalar({{ string }}, '$.{{ string_path }}')
    {%- endif -%}
{%- endmacro %}

{% macro percentile(percentile_field, partition_field, percent) -%}
    {%- if target.type in ['postgres', 'duckdb'] -%}
        percentile_cont({{ percent }}) within group (order by {{ percentile_field }})
    {%- else -%}
        percentile_cont({{ percentile_field }}, {{ percent }}) over (partition by {{ partition_field }})
    {%- endif -%}
{%- endmacro %}

{% macro wrap_in_quotes(object_to_quote) -%}
    {{ return(adapter.quote(object_to_quote | upper if target.type == 'snowflake' else object_to_quote)) }}
{%- endmacro %}

{% macro fivetran_date_spine(datepart, start_date, end_date) %}
    {{ dbt.date_spine(datepart, start_date, end_date) }}
{% endmacro %}

{% macro empty_variable_warning(variable, downstream_model) %}{% endmacro %}

{# Several connectors of one kind: a table of each, put together. #}
{% macro union_connections(connection_dictionary, single_source_name, single_table_name) -%}
    {%- if var(connection_dictionary, none) -%}
        {{ run_query('relations of several connections') }}
    {%- else -%}
        select *
        from {{ source(single_source_name, single_table_name) }}
    {%- endif -%}
{%- endmacro %}

{% macro apply_source_relation(package_name) -%}
    {%- if var(package_name ~ '_sources', none) %}
    , _dbt_source_relation as source_relation
    {%- else %}
    , cast('' as {{ dbt.type_string() }}) as source_relation
    {%- endif %}
{%- endmacro %}

{% macro partition_by_source_relation(package_name, has_other_partitions='yes', alias=none) -%}
    {%- if var(package_name ~ '_sources', none) -%}
        {{ ', ' if has_other_partitions == 'yes' else 'partition by ' }}{{ alias ~ '.' if alias }}source_relation
    {%- endif -%}
{%- endmacro %}

{% macro calculated_fields(variable) -%}
    {%- for field in var(variable, none) or [] %}
    , {{ field.transform_sql }} as {{ field.name }}
    {%- endfor %}
{%- endmacro %}
