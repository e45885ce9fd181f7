{#- What is there of the relations at stake, then the statements in order: all or none where the database can do that. -#}
{% macro pipewright_run() %}
    {% set found = run_query(
        "select table_schema, table_name, table_type from information_schema.tables where lower(table_name) in ("
        ~ pipewright_names() | join(", ") ~ ")"
    ) %}
    {% do log("pipewright-relations: " ~ tojson(found.rows | map("list") | list)) %}
    {% set schemas = run_query("select distinct schema_name from information_schema.schemata") %}
    {% do log("pipewright-schemas: " ~ tojson(schemas.columns[0].values() | list)) %}
    {% set transactional = target.type in ("duckdb", "postgres", "redshift") %}
    {% if transactional %}{% do run_query("begin") %}{% endif %}
    {% for statement in pipewright_statements() %}
        {% do log("pipewright-statement: " ~ loop.index) %}
        {% do run_query(statement) %}
    {% endfor %}
    {% if transactional %}{% do run_query("commit") %}{% endif %}
    {% do log("pipewright-done") %}
{% endmacro %}

{#- Names in lower case, as SQL strings; never empty. -#}
{% macro pipewright_names() %}
    {{ return( [ [[ names ]] ] ) }}
{% endmacro %}

{% macro pipewright_statements() %}
    {{ return( [ [[ statements ]] ] ) }}
{% endmacro %}
