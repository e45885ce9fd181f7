{#- A text with a capital at the start of each word, also after a hyphen and an apostrophe, and small letters after it. -#}
{% macro title_case(text) -%}
{{ return(adapter.dispatch('title_case', '[[ project ]]')(text)) }}
{%- endmacro %}

{% macro default__title_case(text) -%}
initcap(lower({{ text }}))
{%- endmacro %}

{% macro duckdb__title_case(text) -%}
(
    select string_agg(upper(left(word_text, 1)) || substr(word_text, 2), '' order by word_no)
    from (
        select
            unnest(regexp_extract_all(lower({{ text }}), '[^ ''-]+[ ''-]*|^[ ''-]+')) as word_text,
            generate_subscripts(regexp_extract_all(lower({{ text }}), '[^ ''-]+[ ''-]*|^[ ''-]+'), 1) as word_no
    ) as text_parts
)
{%- endmacro %}
