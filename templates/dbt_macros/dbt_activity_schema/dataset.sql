{# What models ask of `dbt_activity_schema`: an activity of a stream, each row beside what the same customer did else. #}

{% macro primary() -%}{{ return('stream') }}{%- endmacro %}
{% macro appended() -%}{{ return('appended') }}{%- endmacro %}

{% macro columns() -%}
    {%- set names = {} -%}
    {%- set mapped = var('column_mappings', var('dbt_activity_schema', {}).get('column_mappings', {})) -%}
    {%- for name in ['activity_id', 'ts', 'customer', 'anonymous_customer_id', 'activity', 'activity_occurrence', 'activity_repeated_at', 'feature_json', 'revenue_impact', 'link'] -%}
        {%- do names.update({name: mapped.get(name, name)}) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{% macro activity(relationship, activity_name, included_columns=none, additional_join_condition='true') -%}
    {%- set usual = var('included_columns', var('dbt_activity_schema', {}).get('included_columns', dbt_activity_schema.columns().values() | list)) -%}
    {{ return({'relationship': relationship, 'name': activity_name, 'columns': usual if included_columns is none else included_columns, 'condition': additional_join_condition}) }}
{%- endmacro %}

{# A relationship: its name, how several are made one, which rows of the stream it takes, which of another alias. #}
{% macro related(name, aggregate, on, where='true') -%}
    {{ return({'name': name, 'aggregate': aggregate, 'on': on, 'where': where}) }}
{%- endmacro %}

{% macro all_ever() -%}{{ return(dbt_activity_schema.related('all_ever', 'min', 'true')) }}{%- endmacro %}

{% macro nth_ever(nth_occurance) -%}
    {%- set nth = dbt_activity_schema.columns().activity_occurrence ~ ' = ' ~ nth_occurance -%}
    {{ return(dbt_activity_schema.related('nth_ever_' ~ nth_occurance, 'min', 'appended.' ~ nth, 'stream.' ~ nth)) }}
{%- endmacro %}

{% macro first_ever() -%}
    {%- set first = dbt_activity_schema.columns().activity_occurrence ~ ' = 1' -%}
    {{ return(dbt_activity_schema.related('first_ever', 'min', 'appended.' ~ first, 'stream.' ~ first)) }}
{%- endmacro %}

{% macro last_ever() -%}
    {%- set last = dbt_activity_schema.columns().activity_repeated_at ~ ' is null' -%}
    {{ return(dbt_activity_schema.related('last_ever', 'min', 'appended.' ~ last, 'stream.' ~ last)) }}
{%- endmacro %}

{% macro compared(comparison) -%}
    {%- set ts = dbt_activity_schema.columns().ts -%}
    {{ return('appended.' ~ ts ~ ' ' ~ comparison ~ ' stream.' ~ ts) }}
{%- endmacro %}

{% macro between() -%}
    {%- set names = dbt_activity_schema.columns() -%}
    {{ return(dbt_activity_schema.compared('>') ~ ' and (appended.' ~ names.ts ~ ' <= stream.' ~ names.activity_repeated_at ~ ' or stream.' ~ names.activity_repeated_at ~ ' is null)') }}
{%- endmacro %}

{% macro first_before() -%}
    {%- set names = dbt_activity_schema.columns() -%}
    {{ return(dbt_activity_schema.related('first_before', 'min', 'appended.' ~ names.activity_occurrence ~ ' = 1 and appended.' ~ names.ts ~ ' <= coalesce(stream.' ~ names.activity_repeated_at ~ ", cast('2100-01-01' as " ~ dbt.type_timestamp() ~ '))')) }}
{%- endmacro %}

{% macro last_before() -%}{{ return(dbt_activity_schema.related('last_before', 'max', dbt_activity_schema.compared('<='))) }}{%- endmacro %}
{% macro first_after() -%}{{ return(dbt_activity_schema.related('first_after', 'min', dbt_activity_schema.compared('>'))) }}{%- endmacro %}
{% macro last_after() -%}{{ return(dbt_activity_schema.related('last_after', 'max', dbt_activity_schema.compared('>'))) }}{%- endmacro %}
{% macro first_in_between() -%}{{ return(dbt_activity_schema.related('first_in_between', 'min', dbt_activity_schema.between())) }}{%- endmacro %}
{% macro last_in_between() -%}{{ return(dbt_activity_schema.related('last_in_between', 'max', dbt_activity_schema.between())) }}{%- endmacro %}
{% macro aggregate_all_ever(aggregation_func='count') -%}{{ return(dbt_activity_schema.related('aggregate_all_ever', aggregation_func, 'true')) }}{%- endmacro %}
{% macro aggregate_before(aggregation_func='count') -%}{{ return(dbt_activity_schema.related('aggregate_before', aggregation_func, dbt_activity_schema.compared('<'))) }}{%- endmacro %}
{% macro aggregate_after(aggregation_func='count') -%}{{ return(dbt_activity_schema.related('aggregate_after', aggregation_func, dbt_activity_schema.compared('>'))) }}{%- endmacro %}
{% macro aggregate_in_between(aggregation_func='count') -%}{{ return(dbt_activity_schema.related('aggregate_in_between', aggregation_func, dbt_activity_schema.between())) }}{%- endmacro %}

{% macro count() -%}count({{ caller() }}){%- endmacro %}
{% macro sum() -%}sum({{ caller() }}){%- endmacro %}
{% macro min() -%}min({{ caller() }}){%- endmacro %}
{% macro max() -%}max({{ caller() }}){%- endmacro %}

{# The column of the row that is first or last in time, as text, number or time. #}
{% macro of_row(aggregate, value, column) -%}
    {%- set names = dbt_activity_schema.columns() -%}
    {%- set type = dbt.type_timestamp() if column in [names.ts, names.activity_repeated_at] else dbt.type_numeric() if column in [names.activity_occurrence, names.revenue_impact] else dbt.type_string() -%}
    {%- set text = dbt.concat(['cast(appended.' ~ names.ts ~ ' as ' ~ dbt.type_string() ~ ')', 'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')']) -%}
    cast({{ dbt.right(aggregate ~ '(' ~ text ~ ')', 'length(' ~ aggregate ~ '(cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')))') }} as {{ type }})
{%- endmacro %}

{% macro parse_column(table_alias, column) -%}
    {%- set names = dbt_activity_schema.columns() -%}
    {%- if column in names.values() -%}
        {{ return(table_alias ~ '.' ~ column) }}
    {%- elif target.type == 'bigquery' -%}
        {{ return('json_extract(' ~ table_alias ~ '.' ~ names.feature_json ~ ", '$." ~ column ~ "')") }}
    {%- endif -%}
    {{ return('json_extract_path_text(' ~ table_alias ~ '.' ~ names.feature_json ~ ", '" ~ column ~ "')") }}
{%- endmacro %}

{% macro alias_appended_activity(activity, column_name) -%}
    {{ return(activity.relationship.name ~ '_' ~ activity.name | replace(' ', '_') ~ '_' ~ column_name) }}
{%- endmacro %}

{% macro dataset(activity_stream, primary_activity, appended_activities=[]) %}
    {%- set names = dbt_activity_schema.columns() -%}
    {%- set needed = [names.activity_id, names.activity, names.ts, names.customer, names.activity_occurrence, names.activity_repeated_at] %}
    with primary_activity as (
        select
            {% for column in primary_activity.columns %}{{ dbt_activity_schema.parse_column('stream', column) }} as {{ column }}, {% endfor %}
            {% for column in needed if column not in primary_activity.columns %}stream.{{ column }}, {% endfor %}
            1 as one
        from {{ activity_stream }} as stream
        where stream.{{ names.activity }} = '{{ primary_activity.name }}' and {{ primary_activity.relationship.where }}
    )
    {%- for activity in appended_activities %},
    appended_{{ loop.index }} as (
        select
            stream.{{ names.activity_id }}
            {%- for column in activity.columns %}
            {%- set value = dbt_activity_schema.parse_column('appended', column) %},
            {% set aggregate = activity.relationship.aggregate -%}
            {%- if aggregate in ['min', 'max'] -%}
                {{ dbt_activity_schema.of_row(aggregate, value, column) }}
            {%- elif aggregate == 'count' -%}
                count({{ value }})
            {%- else -%}
                {% call aggregate() %}{{ value }}{% endcall %}
            {%- endif %} as {{ dbt_activity_schema.alias_appended_activity(activity, column) }}
            {%- endfor %}
        from primary_activity as stream
        left join {{ activity_stream }} as appended
            on appended.{{ names.customer }} = stream.{{ names.customer }}
            and appended.{{ names.activity }} = '{{ activity.name }}'
            and ({{ activity.relationship.on }})
            and ({{ activity.condition }})
        group by stream.{{ names.activity_id }}
    )
    {%- endfor %}
    select
        {% for column in primary_activity.columns %}stream.{{ column }}{{ ', ' if not loop.last or appended_activities }}{% endfor %}
        {% for activity in appended_activities %}
        {%- set number, last = loop.index, loop.last -%}
        {% for column in activity.columns %}appended_{{ number }}.{{ dbt_activity_schema.alias_appended_activity(activity, column) }}{{ ', ' if not (last and loop.last) }}{% endfor %}
        {% endfor %}
    from primary_activity as stream
    {%- for activity in appended_activities %}
    left join appended_{{ loop.index }} on appended_{{ loop.index }}.{{ names.activity_id }} = stream.{{ names.activity_id }}
    {%- endfor %}
{% endmacro %}
