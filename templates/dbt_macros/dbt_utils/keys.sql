{# Keys, rows and numbers, as models ask `dbt_utils` for them. #}

{% macro generate_surrogate_key(field_list) -%}
    {%- set null_text = '' if var('surrogate_key_treat_nulls_as_empty_strings', false) else '_dbt_utils_surrogate_key_null_' -%}
    {%- set fields = [] -%}
    {%- for field in field_list -%}
        {%- do fields.append("coalesce(cast(" ~ field ~ " as " ~ dbt.type_string() ~ "), '" ~ null_text ~ "')") -%}
        {%- if not loop.last -%}
            {%- do fields.append("'-'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ dbt.hash(dbt.concat(fields)) }}
{%- endmacro %}

{% macro surrogate_key(field_list) -%}
    {%- set all = field_list if field_list is not string else [field_list] + varargs | list -%}
    {%- set fields = [] -%}
    {%- for field in all -%}
        {%- do fields.append("coalesce(cast(" ~ field ~ " as " ~ dbt.type_string() ~ "), '')") -%}
        {%- if not loop.last -%}
            {%- do fields.append("'-'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ dbt.hash(dbt.concat(fields)) }}
{%- endmacro %}

{% macro group_by(n) -%}
    group by {% for i in range(1, n + 1) %}{{ i }}{{ ',' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro safe_add(field_list) -%}
    {%- set all = field_list if field_list is not string else [field_list] + varargs | list -%}
    {% for field in all %}coalesce({{ field }}, 0){{ ' + ' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro safe_subtract(field_list) -%}
    {%- set all = field_list if field_list is not string else [field_list] + varargs | list -%}
    {% for field in all %}coalesce({{ field }}, 0){{ ' - ' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro safe_divide(numerator, denominator) -%}
    ( {{ numerator }} ) / nullif( ( {{ denominator }} ), 0)
{%- endmacro %}

{% macro deduplicate(relation, partition_by, order_by) %}
    {%- if target.type in ['snowflake', 'databricks', 'duckdb'] %}
    select *
    from {{ relation }}
    qualify row_number() over (partition by {{ partition_by }} order by {{ order_by }}) = 1
    {%- elif target.type == 'bigquery' %}
    select unique.*
    from (
        select array_agg(original order by {{ order_by }} limit 1)[offset(0)] as unique
        from {{ relation }} as original
        group by {{ partition_by }}
    )
    {%- elif target.type in ['postgres', 'redshift'] and target.type != 'redshift' %}
    select distinct on ({{ partition_by }}) *
    from {{ relation }}
    order by {{ partition_by }}{{ ',' ~ order_by }}
    {%- else %}
    with row_numbered as (
        select _inner.*, row_number() over (partition by {{ partition_by }} order by {{ order_by }}) as rn
        from {{ relation }} as _inner
    )
    select data.*
    from row_numbered as data
    where rn = 1
    {%- endif %}
{% endmacro %}

{% macro generate_series(upper_bound) %}
    {{ dbt.generate_series(upper_bound) }}
{% endmacro %}

{% macro date_spine(datepart, start_date, end_date) %}
    {{ dbt.date_spine(datepart, start_date, end_date) }}
{% endmacro %}

{% macro pretty_time(format='%H:%M:%S') -%}
    {{ run_started_at.strftime(format) }}
{%- endmacro %}

{% macro pretty_log_format(message) -%}
    {{ message }}
{%- endmacro %}

{% macro log_info(message) %}{% endmacro %}

{% macro slugify(string) -%}
    {{ return(modules.re.sub('^[0-9]', '_', modules.re.sub('[^a-z0-9_]+', '', modules.re.sub('[ -]+', '_', string | lower)))) }}
{%- endmacro %}

{% macro width_bucket(expr, min_value, max_value, num_buckets) -%}
    width_bucket({{ expr }}, {{ min_value }}, {{ max_value }}, {{ num_buckets }})
{%- endmacro %}

{% macro haversine_distance(lat1, lon1, lat2, lon2, unit='mi') -%}
    2 * 3961 * {{ '1.60934 * ' if unit == 'km' }}asin(sqrt(power(sin(radians(({{ lat2 }} - {{ lat1 }}) / 2)), 2) + cos(radians({{ lat1 }})) * cos(radians({{ lat2 }})) * power(sin(radians(({{ lon2 }} - {{ lon1 }}) / 2)), 2)))
{%- endmacro %}

{% macro nullcheck(cols) -%}
    {%- for col in cols %}
    {%- if col.is_string() %}nullif({{ col.name }}, '') as {{ col.name }}{% else %}{{ col.name }}{% endif %}
    {%- if not loop.last %}, {% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro get_url_parameter(field, url_parameter) -%}
    nullif({{ dbt.split_part(dbt.split_part(field, "'" ~ url_parameter ~ "='", 2), "'&'", 1) }}, '')
{%- endmacro %}

{% macro get_url_host(field) -%}
    cast({{ dbt.split_part(dbt.split_part("replace(replace(replace(" ~ field ~ ", 'android-app://', ''), 'http://', ''), 'https://', '')", "'/'", 1), "'?'", 1) }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro get_url_path(field) -%}
    cast({{ dbt.split_part("replace(replace(" ~ field ~ ", 'http://', ''), 'https://', '')", "'?'", 1) }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro type_string() -%}{{ dbt.type_string() }}{%- endmacro %}
{% macro type_timestamp() -%}{{ dbt.type_timestamp() }}{%- endmacro %}
{% macro type_int() -%}{{ dbt.type_int() }}{%- endmacro %}
{% macro type_bigint() -%}{{ dbt.type_bigint() }}{%- endmacro %}
{% macro type_float() -%}{{ dbt.type_float() }}{%- endmacro %}
{% macro type_numeric() -%}{{ dbt.type_numeric() }}{%- endmacro %}
{% macro datediff(first_date, second_date, datepart) -%}{{ dbt.datediff(first_date, second_date, datepart) }}{%- endmacro %}
{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}{{ dbt.dateadd(datepart, interval, from_date_or_timestamp) }}{%- endmacro %}
{% macro date_trunc(datepart, date) -%}{{ dbt.date_trunc(datepart, date) }}{%- endmacro %}
{% macro last_day(date, datepart) -%}{{ dbt.last_day(date, datepart) }}{%- endmacro %}
{% macro current_timestamp() -%}{{ dbt.current_timestamp() }}{%- endmacro %}
{% macro current_timestamp_in_utc() -%}{{ dbt.current_timestamp() }}{%- endmacro %}
{% macro concat(fields) -%}{{ dbt.concat(fields) }}{%- endmacro %}
{% macro hash(field) -%}{{ dbt.hash(field) }}{%- endmacro %}
{% macro safe_cast(field, type) -%}{{ dbt.safe_cast(field, type) }}{%- endmacro %}
{% macro split_part(string_text, delimiter_text, part_number) -%}{{ dbt.split_part(string_text, delimiter_text, part_number) }}{%- endmacro %}
{% macro replace(field, old_chars, new_chars) -%}{{ dbt.replace(field, old_chars, new_chars) }}{%- endmacro %}
{% macro right(string_text, length_expression) -%}{{ dbt.right(string_text, length_expression) }}{%- endmacro %}
{% macro length(expression) -%}{{ dbt.length(expression) }}{%- endmacro %}
{% macro position(substring_text, string_text) -%}{{ dbt.position(substring_text, string_text) }}{%- endmacro %}
{% macro any_value(expression) -%}{{ dbt.any_value(expression) }}{%- endmacro %}
{% macro bool_or(expression) -%}{{ dbt.bool_or(expression) }}{%- endmacro %}
{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}{{ dbt.listagg(measure, delimiter_text, order_by_clause, limit_num) }}{%- endmacro %}
{% macro cast_bool_to_text(field) -%}{{ dbt.cast_bool_to_text(field) }}{%- endmacro %}
{% macro escape_single_quotes(expression) -%}{{ dbt.escape_single_quotes(expression) }}{%- endmacro %}
{% macro except() -%}{{ dbt.except() }}{%- endmacro %}
{% macro intersect() -%}{{ dbt.intersect() }}{%- endmacro %}
