{# Dates and times in the words of each adapter. #}

{% macro dateadd(datepart, interval, from_date_or_timestamp) %}
    {{ return(adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp)) }}
{% endmacro %}

{% macro default__dateadd(datepart, interval, from_date_or_timestamp) -%}
    dateadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}

{% macro duckdb__dateadd(datepart, interval, from_date_or_timestamp) -%}
    ({{ from_date_or_timestamp }} + cast({{ interval }} as bigint) * interval 1 {{ datepart }})
{%- endmacro %}

{% macro postgres__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {{ from_date_or_timestamp }} + ((interval '1 {{ datepart }}') * ({{ interval }}))
{%- endmacro %}

{% macro redshift__dateadd(datepart, interval, from_date_or_timestamp) -%}
    dateadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}

{% macro bigquery__dateadd(datepart, interval, from_date_or_timestamp) -%}
    datetime_add(cast({{ from_date_or_timestamp }} as datetime), interval {{ interval }} {{ datepart }})
{%- endmacro %}

{% macro mysql__dateadd(datepart, interval, from_date_or_timestamp) -%}
    date_add({{ from_date_or_timestamp }}, interval {{ interval }} {{ datepart }})
{%- endmacro %}

{% macro trino__dateadd(datepart, interval, from_date_or_timestamp) -%}
    date_add('{{ datepart }}', {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}

{% macro athena__dateadd(datepart, interval, from_date_or_timestamp) -%}
    date_add('{{ datepart }}', {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}

{% macro datediff(first_date, second_date, datepart) %}
    {{ return(adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart)) }}
{% endmacro %}

{% macro default__datediff(first_date, second_date, datepart) -%}
    datediff({{ datepart }}, {{ first_date }}, {{ second_date }})
{%- endmacro %}

{% macro duckdb__datediff(first_date, second_date, datepart) -%}
    (date_diff('{{ datepart }}', {{ first_date }}::timestamp, {{ second_date }}::timestamp))
{%- endmacro %}

{% macro bigquery__datediff(first_date, second_date, datepart) -%}
    datetime_diff(cast({{ second_date }} as datetime), cast({{ first_date }} as datetime), {{ datepart }})
{%- endmacro %}

{% macro redshift__datediff(first_date, second_date, datepart) -%}
    datediff({{ datepart }}, {{ first_date }}, {{ second_date }})
{%- endmacro %}

{% macro mysql__datediff(first_date, second_date, datepart) -%}
    timestampdiff({{ datepart }}, {{ first_date }}, {{ second_date }})
{%- endmacro %}

{% macro trino__datediff(first_date, second_date, datepart) -%}
    date_diff('{{ datepart }}', {{ first_date }}, {{ second_date }})
{%- endmacro %}

{% macro athena__datediff(first_date, second_date, datepart) -%}
    date_diff('{{ datepart }}', {{ first_date }}, {{ second_date }})
{%- endmacro %}

{% macro postgres__datediff(first_date, second_date, datepart) -%}
    {%- set from = '(' ~ first_date ~ ')::timestamp' -%}
    {%- set to = '(' ~ second_date ~ ')::timestamp' -%}
    {%- set days = "((" ~ second_date ~ ")::date - (" ~ first_date ~ ")::date)" -%}
    {%- set years = "(date_part('year', " ~ to ~ ") - date_part('year', " ~ from ~ "))" -%}
    {%- set seconds = {'hour': 3600, 'minute': 60, 'second': 1} -%}
    {%- if datepart == 'year' -%}
        {{ years }}
    {%- elif datepart == 'quarter' -%}
        ({{ years }} * 4 + date_part('quarter', {{ to }}) - date_part('quarter', {{ from }}))
    {%- elif datepart == 'month' -%}
        ({{ years }} * 12 + date_part('month', {{ to }}) - date_part('month', {{ from }}))
    {%- elif datepart == 'week' -%}
        ({{ days }} / 7)
    {%- elif datepart in seconds -%}
        floor(extract(epoch from date_trunc('{{ datepart }}', {{ to }}) - date_trunc('{{ datepart }}', {{ from }})) / {{ seconds[datepart] }})
    {%- else -%}
        {{ days }}
    {%- endif -%}
{%- endmacro %}

{% macro date_trunc(datepart, date) -%}
    {%- if target.type == 'bigquery' -%}
        timestamp_trunc(cast({{ date }} as timestamp), {{ datepart }})
    {%- else -%}
        date_trunc('{{ datepart }}', {{ date }})
    {%- endif -%}
{%- endmacro %}

{% macro last_day(date, datepart) -%}
    {%- if target.type in ['snowflake', 'databricks', 'spark'] and datepart == 'month' -%}
        last_day({{ date }})
    {%- elif target.type == 'bigquery' -%}
        last_day(cast({{ date }} as date), {{ datepart }})
    {%- else -%}
        cast({{ dateadd('day', '-1', dateadd(datepart, '1', date_trunc(datepart, date))) }} as date)
    {%- endif -%}
{%- endmacro %}

{% macro date(year, month, day) -%}
    to_date('{{ '%04d' | format(year) }}-{{ '%02d' | format(month) }}-{{ '%02d' | format(day) }}', 'YYYY-MM-DD')
{%- endmacro %}

{% macro current_timestamp() -%}
    {%- if target.type in ['snowflake'] -%}
        to_timestamp_tz(convert_timezone('UTC', current_timestamp()))
    {%- elif target.type in ['bigquery', 'databricks', 'spark', 'mysql'] -%}
        current_timestamp()
    {%- elif target.type == 'redshift' -%}
        getdate()
    {%- elif target.type in ['duckdb', 'postgres'] -%}
        now()
    {%- else -%}
        current_timestamp
    {%- endif -%}
{%- endmacro %}

{% macro current_timestamp_backcompat() -%}
    {{ current_timestamp() }}
{%- endmacro %}

{% macro current_timestamp_in_utc_backcompat() -%}
    {{ current_timestamp() }}
{%- endmacro %}

{% macro snapshot_get_time() -%}
    {{ current_timestamp() }}
{%- endmacro %}

{% macro date_spine(datepart, start_date, end_date) %}
    with all_periods as (
        {{ generate_series(10000) }}
    )

    select cast({{ dateadd(datepart, '(generated_number - 1)', start_date) }} as {{ type_timestamp() }}) as date_{{ datepart }}
    from all_periods
    where {{ dateadd(datepart, '(generated_number - 1)', start_date) }} < {{ end_date }}
{% endmacro %}

{% macro generate_series(upper_bound) %}
    with digits as (
        {% for digit in range(10) -%}
        select {{ digit }} as digit
        {%- if not loop.last %} union all {% endif %}
        {%- endfor %}
    ),
    numbers as (
        select a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit + 1 as generated_number
        from digits as a cross join digits as b cross join digits as c cross join digits as d
    )
    select generated_number from numbers where generated_number <= {{ upper_bound }}
{% endmacro %}
