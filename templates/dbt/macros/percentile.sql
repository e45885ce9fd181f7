{#- The value below which that fraction of the values is, between two of them where none is; BigQuery tells it nearly. -#}
{% macro percentile(column, fraction) -%}
{{ return(adapter.dispatch('percentile', '[[ project ]]')(column, fraction)) }}
{%- endmacro %}

{% macro default__percentile(column, fraction) -%}
percentile_cont({{ fraction }}) within group (order by {{ column }})
{%- endmacro %}

{% macro duckdb__percentile(column, fraction) -%}
quantile_cont(cast({{ column }} as double), {{ fraction }})
{%- endmacro %}

{% macro bigquery__percentile(column, fraction) -%}
approx_quantiles({{ column }}, 100)[offset(cast({{ fraction }} * 100 as int64))]
{%- endmacro %}
