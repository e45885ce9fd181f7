[#- What one pipeline loads; how, is in pipewright_load.py beside it. -#]
"""[[ doc ]]
"""

[% if imports %]
[% for import in imports %]
[[ import ]]
[% endfor %]

[% endif %]
[[ helpers ]]

[% for source in sources %]
[[ source.prefix ]]TABLES = (
[% for table in source.tables %]
    Table(
        name="[[ table.name ]]",
        source=[[ table.source ]],
        mode="[[ table.mode ]]",
[% if table.key is defined %]
        key=[[ table.key ]],
[% endif %]
[% if table.source_schema is defined %]
        source_schema=[[ table.source_schema ]],
[% endif %]
[% if table.reading is defined %]
        reading=[[ table.reading ]],
[% endif %]
[% if table.window is defined %]
        window=[[ table.window ]],
[% endif %]
[% if table.cursor is defined %]
        cursor=[[ table.cursor ]],
[% endif %]
        columns=(
[% for column in table.columns %]
            [[ column ]],
[% endfor %]
        ),
[% if table.altered is defined %]
        altered=True,
[% endif %]
[% if table.gone is defined and table.gone %]
        gone=(
[% for column in table.gone %]
            [[ column ]],
[% endfor %]
        ),
[% endif %]
    ),
[% endfor %]
)
[[ source.prefix ]]PIPELINE = Pipeline(
    name="[[ source.name ]]",
    schema="[[ source.schema ]]",
    tables=[[ source.prefix ]]TABLES,
    sources={
[% for target in source.targets %]
        "[[ target.name ]]": [[ target.from ]],
[% endfor %]
    },
    targets={
[% for target in source.targets %]
        "[[ target.name ]]": [[ target.to ]],
[% endfor %]
    },
)
[% endfor %]

if __name__ == "__main__":
    main([[ pipelines ]], about=__doc__)
