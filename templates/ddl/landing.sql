[#- Landing tables of one pipeline in one target. Applied before every load, so each statement can run twice. -#]
[% set inline = dialect == 'snowflake' %]
-- sqlfluff:dialect:[[ dialect ]]

[% for schema in schemas %]
create schema if not exists [[ schema.name ]];
[% for table in schema.tables %]

create table if not exists [[ schema.name ]].[[ table.name ]] (
[% for column in table.columns %]
    [[ column.name ]] [[ column.type ]]
[%- if column.required %] not null[% endif %]
[%- if inline and column.description %] comment [[ column.description | sql_string(dialect) ]][% endif %]
[%- if not loop.last or table.primary_key %],[% endif +%]
[% endfor %]
[% if table.primary_key %]
    primary key ([[ table.primary_key | join(', ') ]])
[% endif %]
)
[%- if inline and table.description %]

comment = [[ table.description | sql_string(dialect) ]]
[%- endif %];
[% if table.alterations %]

-- Where rows are staged before they are merged: altered alike.
create schema if not exists [[ schema.name ]]_staging;
[% endif %]
[% for alter in table.alterations %]
[% for place in [schema.name, schema.name ~ '_staging'] %]

alter table [[ 'if exists ' if not loop.first ]][[ place ]].[[ table.name ]]
[%- if alter.how == 'add' %] add column if not exists [[ alter.column ]] [[ alter.type ]];
[%- elif alter.how == 'widen' %] alter column [[ alter.column ]] set data type [[ alter.type ]];
[%- else %] alter column [[ alter.column ]] drop not null;
[%- endif +%]
[% endfor %]
[% endfor %]
[% if not inline %]
[% if table.description %]

comment on table [[ schema.name ]].[[ table.name ]] is [[ table.description | sql_string(dialect) ]];
[% endif %]
[% for column in table.columns if column.description %]
comment on column [[ schema.name ]].[[ table.name ]].[[ column.name ]] is [[ column.description | sql_string(dialect) ]];
[% endfor %]
[% endif %]
[% endfor %]
[% if not loop.last %]

[% endif %]
[% endfor %]
