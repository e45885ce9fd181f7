{# Types, texts, hashes and sets in the words of each adapter. #}

{% macro type_string() -%}
    {%- if target.type in ['bigquery', 'databricks', 'spark'] -%} string
    {%- elif target.type in ['postgres', 'snowflake', 'duckdb'] -%} TEXT
    {%- elif target.type == 'mysql' -%} char
    {%- else -%} varchar
    {%- endif -%}
{%- endmacro %}

{% macro type_timestamp() -%}
    {%- if target.type == 'snowflake' -%} timestamp_ntz
    {%- elif target.type == 'mysql' -%} datetime
    {%- elif target.type in ['postgres', 'redshift'] -%} timestamp without time zone
    {%- else -%} timestamp
    {%- endif -%}
{%- endmacro %}

{% macro type_int() -%}
    {{ 'int64' if target.type == 'bigquery' else 'signed' if target.type == 'mysql' else 'integer' if target.type in ['duckdb', 'postgres'] else 'int' }}
{%- endmacro %}

{% macro type_bigint() -%}
    {{ 'int64' if target.type == 'bigquery' else 'signed' if target.type == 'mysql' else 'bigint' }}
{%- endmacro %}

{% macro type_float() -%}
    {{ 'float64' if target.type == 'bigquery' else 'double' if target.type in ['databricks', 'spark', 'mysql', 'trino', 'athena'] else 'float' }}
{%- endmacro %}

{% macro type_numeric() -%}
    {{ 'numeric' if target.type == 'bigquery' else 'decimal(28, 6)' if target.type in ['databricks', 'spark', 'mysql', 'trino', 'athena'] else 'numeric(28,6)' }}
{%- endmacro %}

{% macro type_boolean() -%}
    {{ 'bool' if target.type == 'bigquery' else 'boolean' }}
{%- endmacro %}

{% macro cast(field, type) -%}
    cast({{ field }} as {{ type }})
{%- endmacro %}

{% macro safe_cast(field, type) -%}
    {%- if target.type == 'bigquery' -%}
        safe_cast({{ field }} as {{ type }})
    {%- elif target.type in ['snowflake', 'databricks', 'trino', 'athena'] -%}
        try_cast({{ field }} as {{ type }})
    {%- else -%}
        cast({{ field }} as {{ type }})
    {%- endif -%}
{%- endmacro %}

{% macro cast_bool_to_text(field) -%}
    cast({{ field }} as {{ type_string() }})
{%- endmacro %}

{% macro concat(fields) -%}
    {%- if target.type in ['bigquery', 'databricks', 'spark', 'mysql'] -%}
        concat({{ fields | join(', ') }})
    {%- else -%}
        {{ fields | join(' || ') }}
    {%- endif -%}
{%- endmacro %}

{% macro hash(field) -%}
    {%- if target.type == 'bigquery' -%}
        to_hex(md5(cast({{ field }} as {{ type_string() }})))
    {%- else -%}
        md5(cast({{ field }} as {{ type_string() }}))
    {%- endif -%}
{%- endmacro %}

{% macro length(expression) -%}
    length({{ expression }})
{%- endmacro %}

{% macro position(substring_text, string_text) -%}
    {%- if target.type == 'bigquery' -%}
        strpos({{ string_text }}, {{ substring_text }})
    {%- else -%}
        position({{ substring_text }} in {{ string_text }})
    {%- endif -%}
{%- endmacro %}

{% macro replace(field, old_chars, new_chars) -%}
    replace({{ field }}, {{ old_chars }}, {{ new_chars }})
{%- endmacro %}

{% macro right(string_text, length_expression) -%}
    right({{ string_text }}, {{ length_expression }})
{%- endmacro %}

{% macro string_literal(value) -%}
    '{{ value }}'
{%- endmacro %}

{% macro escape_single_quotes(expression) -%}
    {{ expression | replace("'", "\\'" if target.type in ['bigquery', 'databricks', 'spark', 'snowflake'] else "''") }}
{%- endmacro %}

{% macro split_part(string_text, delimiter_text, part_number) -%}
    {%- if target.type == 'bigquery' -%}
        split({{ string_text }}, {{ delimiter_text }})[safe_offset({{ part_number - 1 if part_number > 0 else 0 }})]
    {%- elif target.type == 'duckdb' -%}
        string_split({{ string_text }}, {{ delimiter_text }})[{{ part_number }}]
    {%- else -%}
        split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }})
    {%- endif -%}
{%- endmacro %}

{% macro any_value(expression) -%}
    {{ 'arbitrary' if target.type == 'duckdb' else 'any_value' }}({{ expression }})
{%- endmacro %}

{% macro bool_or(expression) -%}
    {%- if target.type == 'bigquery' -%} logical_or({{ expression }})
    {%- elif target.type == 'snowflake' -%} boolor_agg({{ expression }})
    {%- else -%} bool_or({{ expression }})
    {%- endif -%}
{%- endmacro %}

{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
    {%- if target.type in ['bigquery', 'postgres', 'duckdb'] -%}
        string_agg({{ measure }}, {{ delimiter_text }}{{ ' ' ~ order_by_clause if order_by_clause }})
    {%- elif target.type in ['databricks', 'spark'] -%}
        array_join(collect_list({{ measure }}), {{ delimiter_text }})
    {%- else -%}
        listagg({{ measure }}, {{ delimiter_text }}){{ ' within group (' ~ order_by_clause ~ ')' if order_by_clause }}
    {%- endif -%}
{%- endmacro %}

{% macro array_construct(inputs=[], data_type=api.Column.translate_type('integer')) -%}
    {%- if target.type == 'snowflake' -%} array_construct({{ inputs | join(', ') }})
    {%- elif target.type in ['databricks', 'spark', 'redshift'] -%} array({{ inputs | join(', ') }})
    {%- elif target.type in ['bigquery', 'duckdb'] -%} [{{ inputs | join(', ') }}]
    {%- else -%} array[{{ inputs | join(', ') }}]
    {%- endif -%}
{%- endmacro %}

{% macro array_append(array, new_element) -%}
    {%- if target.type == 'bigquery' -%} array_concat({{ array }}, [{{ new_element }}])
    {%- else -%} array_append({{ array }}, {{ new_element }})
    {%- endif -%}
{%- endmacro %}

{% macro array_concat(array_1, array_2) -%}
    {%- if target.type == 'bigquery' -%} array_concat({{ array_1 }}, {{ array_2 }})
    {%- else -%} array_cat({{ array_1 }}, {{ array_2 }})
    {%- endif -%}
{%- endmacro %}

{% macro except() -%}
    {{ 'except distinct' if target.type == 'bigquery' else 'except' }}
{%- endmacro %}

{% macro intersect() -%}
    {{ 'intersect distinct' if target.type == 'bigquery' else 'intersect' }}
{%- endmacro %}

{% macro equals(expr1, expr2) -%}
    case when ({{ expr1 }} = {{ expr2 }}) or ({{ expr1 }} is null and {{ expr2 }} is null) then 0 else 1 end = 0
{%- endmacro %}

{% macro generate_schema_name(custom_schema_name=none, node=none) -%}
    {{ target.schema if custom_schema_name is none else target.schema ~ '_' ~ custom_schema_name | trim }}
{%- endmacro %}

{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {{ custom_alias_name | trim if custom_alias_name else node.name }}
{%- endmacro %}

{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {{ target.database if custom_database_name is none else custom_database_name | trim }}
{%- endmacro %}
