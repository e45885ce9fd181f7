//! Functions that other dialects have and one has not, with what it has instead. What is in none of them may be
//! somebody's own function.

use crate::vocabulary::Dialect;

const POSTGRES: &[(&str, &str)] = &[
    ("ifnull", "`coalesce`"),
    ("nvl", "`coalesce`"),
    ("isnull", "`coalesce`"),
    ("zeroifnull", "`coalesce(…, 0)`"),
    ("nvl2", "`case when … is not null then … else … end`"),
    ("iff", "`case when … then … else … end`"),
    ("datediff", "`b - a`, or `date_part('day', b - a)`"),
    ("date_diff", "`b - a`, or `date_part('day', b - a)`"),
    ("timestamp_diff", "`b - a`"),
    ("dateadd", "`+ interval '1 day'`"),
    ("add_months", "`+ interval '1 month'`"),
    ("months_between", "`age(…)`"),
    ("getdate", "`now()`"),
    ("charindex", "`strpos`"),
    ("len", "`length`"),
    ("convert_timezone", "`at time zone`"),
    ("to_varchar", "`to_char`, or a cast"),
    ("format_date", "`to_char`"),
    ("timestamp_trunc", "`date_trunc`"),
    ("safe_divide", "`a / nullif(b, 0)`"),
    ("div0", "`coalesce(a / nullif(b, 0), 0)`"),
    ("countif", "`count(*) filter (where …)`"),
    ("count_if", "`count(*) filter (where …)`"),
    ("listagg", "`string_agg`"),
    ("group_concat", "`string_agg`"),
    ("farm_fingerprint", "`md5`"),
];

const BIGQUERY: &[(&str, &str)] = &[
    ("iff", "`if`"),
    ("datediff", "`date_diff(b, a, day)`"),
    ("dateadd", "`date_add(…, interval 1 day)`"),
    ("getdate", "`current_timestamp()`"),
    ("zeroifnull", "`ifnull(…, 0)`"),
    ("nvl2", "`if(… is not null, …, …)`"),
    ("convert_timezone", "`datetime(…, 'zone')`"),
    ("charindex", "`strpos`"),
    ("len", "`length`"),
    ("to_char", "`format_date`, or a cast"),
    ("to_varchar", "a cast to `string`"),
    ("to_timestamp", "`timestamp`, or `parse_timestamp`"),
    ("date_part", "`extract(… from …)`"),
    ("listagg", "`string_agg`"),
    ("group_concat", "`string_agg`"),
    ("count_if", "`countif`"),
    ("div0", "`ifnull(safe_divide(a, b), 0)`"),
    ("strftime", "`format_timestamp`"),
];

const SNOWFLAKE: &[(&str, &str)] = &[
    ("safe_divide", "`div0null`, or `a / nullif(b, 0)`"),
    ("countif", "`count_if`"),
    ("date_diff", "`datediff`"),
    ("timestamp_diff", "`datediff`"),
    ("date_sub", "`dateadd` with a minus"),
    ("timestamp_trunc", "`date_trunc`"),
    ("format_date", "`to_char`"),
    ("parse_date", "`to_date`"),
    ("farm_fingerprint", "`hash`, or `md5`"),
    ("generate_uuid", "`uuid_string`"),
    ("generate_series", "`table(generator(…))`"),
    ("strftime", "`to_char`"),
    ("group_concat", "`listagg`"),
];

/// What a dialect has instead of a function that it has not.
pub(in crate::sql) fn instead(dialect: Dialect, name: &str) -> Option<&'static str> {
    let list = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::BigQuery => BIGQUERY,
        Dialect::Snowflake => SNOWFLAKE,
        _ => return None,
    };
    list.iter().find(|(absent, _)| *absent == name).map(|(_, instead)| *instead)
}
