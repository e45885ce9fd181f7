{#- What a clock in a time zone shows at a moment. A timestamp without a zone is UTC. -#}
{% macro local_time(moment, zone, zoned=false) -%}
{{ return(adapter.dispatch('local_time', '[[ project ]]')(moment, zone, zoned)) }}
{%- endmacro %}

{% macro default__local_time(moment, zone, zoned) -%}
{%- if zoned -%}
({{ moment }} at time zone '{{ zone }}')
{%- else -%}
(({{ moment }} at time zone 'UTC') at time zone '{{ zone }}')
{%- endif -%}
{%- endmacro %}

{% macro snowflake__local_time(moment, zone, zoned) -%}
{%- if zoned -%}
cast(convert_timezone('{{ zone }}', {{ moment }}) as timestamp_ntz)
{%- else -%}
convert_timezone('UTC', '{{ zone }}', {{ moment }})
{%- endif -%}
{%- endmacro %}

{% macro redshift__local_time(moment, zone, zoned) -%}
{%- if zoned -%}
({{ moment }} at time zone '{{ zone }}')
{%- else -%}
convert_timezone('UTC', '{{ zone }}', {{ moment }})
{%- endif -%}
{%- endmacro %}

{% macro bigquery__local_time(moment, zone, zoned) -%}
timestamp(datetime({{ moment }}, '{{ zone }}'))
{%- endmacro %}

{% macro spark__local_time(moment, zone, zoned) -%}
from_utc_timestamp({{ moment }}, '{{ zone }}')
{%- endmacro %}
