{# What models ask of `dbt_date`. #}

{% macro today(tz=none) -%}
    cast({{ dbt.current_timestamp() }} as date)
{%- endmacro %}

{% macro now(tz=none) -%}
    {{ dbt.current_timestamp() }}
{%- endmacro %}

{% macro yesterday(date=none, tz=none) -%}
    {{ dbt.dateadd('day', -1, date or dbt_date.today(tz)) }}
{%- endmacro %}

{% macro tomorrow(date=none, tz=none) -%}
    {{ dbt.dateadd('day', 1, date or dbt_date.today(tz)) }}
{%- endmacro %}

{% macro n_days_ago(n, date=none, tz=none) -%}
    {{ dbt.dateadd('day', -1 * (n | int), date or dbt_date.today(tz)) }}
{%- endmacro %}

{% macro n_months_ago(n, tz=none) -%}
    {{ dbt.date_trunc('month', dbt.dateadd('month', -1 * (n | int), dbt_date.today(tz))) }}
{%- endmacro %}

{% macro date_part(datepart, date) -%}
    {{ 'extract(' ~ datepart ~ ' from ' ~ date ~ ')' if target.type == 'bigquery' else "date_part('" ~ datepart ~ "', " ~ date ~ ")" }}
{%- endmacro %}

{% macro day_of_week(date, isoweek=true) -%}
    {{ dbt_date.date_part('dow', date) }}
{%- endmacro %}

{% macro day_of_month(date) -%}
    {{ dbt_date.date_part('day', date) }}
{%- endmacro %}

{% macro day_of_year(date) -%}
    {{ dbt_date.date_part('doy', date) }}
{%- endmacro %}

{% macro week_start(date=none, tz=none) -%}
    cast({{ dbt.date_trunc('week', date or dbt_date.today(tz)) }} as date)
{%- endmacro %}

{% macro week_of_year(date=none, tz=none) -%}
    cast({{ dbt_date.date_part('week', date or dbt_date.today(tz)) }} as {{ dbt.type_int() }})
{%- endmacro %}

{% macro iso_week_start(date=none, tz=none) -%}
    {{ dbt_date.week_start(date, tz) }}
{%- endmacro %}

{% macro day_name(date, short=true) -%}
    {%- if target.type in ['snowflake', 'duckdb'] -%} dayname({{ date }})
    {%- elif target.type == 'bigquery' -%} format_date('{{ '%a' if short else '%A' }}', cast({{ date }} as date))
    {%- else -%} to_char({{ date }}, '{{ 'Dy' if short else 'Day' }}')
    {%- endif -%}
{%- endmacro %}

{% macro month_name(date, short=true) -%}
    {%- if target.type in ['snowflake', 'duckdb'] -%} monthname({{ date }})
    {%- elif target.type == 'bigquery' -%} format_date('{{ '%b' if short else '%B' }}', cast({{ date }} as date))
    {%- else -%} to_char({{ date }}, '{{ 'Mon' if short else 'Month' }}')
    {%- endif -%}
{%- endmacro %}

{% macro convert_timezone(column, target_tz=none, source_tz=none) -%}
    {%- set zone = target_tz or var('dbt_date:time_zone', 'UTC') -%}
    {%- if target.type == 'snowflake' -%} cast(convert_timezone('{{ zone }}', cast({{ column }} as {{ dbt.type_timestamp() }})) as {{ dbt.type_timestamp() }})
    {%- elif target.type == 'bigquery' -%} timestamp(datetime({{ column }}, '{{ zone }}'))
    {%- else -%} cast(cast({{ column }} as timestamp) at time zone 'UTC' at time zone '{{ zone }}' as timestamp)
    {%- endif -%}
{%- endmacro %}

{% macro get_base_dates(start_date=none, end_date=none, n_dateparts=none, datepart='day') %}
    {%- set from = start_date or dbt.dateadd(datepart, -1 * (n_dateparts or 1), dbt_date.today()) -%}
    {%- set to = end_date or dbt_date.tomorrow() -%}
    with spine as (
        {{ dbt.date_spine(datepart, "cast('" ~ start_date ~ "' as " ~ dbt.type_timestamp() ~ ")" if start_date else from, "cast('" ~ end_date ~ "' as " ~ dbt.type_timestamp() ~ ")" if end_date else to) }}
    )
    select cast(spine.date_{{ datepart }} as {{ dbt.type_timestamp() }}) as date_{{ datepart }}
    from spine
{% endmacro %}
