{#- [[ about ]] -#}
{% macro [[ name ]](column[% for a in arguments %], [[ a.name ]]='[[ a.default ]]'[% endfor %]) -%}
{{ return(adapter.dispatch('[[ name ]]', '[[ project ]]')(column[% for a in arguments %], [[ a.name ]][% endfor %])) }}
{%- endmacro %}
[% for body in bodies %]

{% macro [[ body.dialect ]]__[[ name ]](column[% for a in arguments %], [[ a.name ]][% endfor %]) -%}
[[ body.sql ]]
{%- endmacro %}
[% endfor %]
