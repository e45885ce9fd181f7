//! Small words and verbs. Data: to teach the reader one, add it here.

/// Before a noun, and saying nothing about it.
#[rustfmt::skip]
pub const ARTICLES: &[&str] = &[
    "the", "a", "an", "all", "all of", "our", "my", "their", "its", "these", "those", "this", "existing", "actual", "whole",
    "entire", "company", "individual", "single", "raw", "each of", "of the",
];

/// Verbs that land tables.
#[rustfmt::skip]
pub const INGEST: &[&str] = &[
    "move", "load", "copy", "sync", "synchronise", "synchronize", "replicate", "ingest", "import", "extract", "pull", "bring",
    "transfer", "migrate", "land", "stream", "moving", "loading", "copying", "ship over", "export", "fetch",
    "take the", "take all", "take our", "take every", "get the data of", "bring over", "pull in",
];

/// Verbs that make something.
#[rustfmt::skip]
pub const BUILD: &[&str] = &[
    "build", "create", "make", "produce", "generate", "show", "show me", "give me", "give us", "give", "we need", "i need",
    "we want", "i want", "need", "want", "compute", "calculate", "report on", "publish", "prepare", "provide",
    "deliver", "maintain", "keep", "summarise", "summarize", "aggregate", "set up", "what is", "what was", "what are",
    "what were", "i'd like", "we'd like", "would like", "get", "get me", "add", "materialise", "materialize", "compile",
    "track", "analyse", "analyze", "see", "display", "tell me", "do", "have", "send",
];

/// Verbs that run it again.
pub const RUN: &[&str] = &[
    "refresh",
    "run",
    "update",
    "rebuild",
    "reload",
    "refreshed",
    "updated",
    "rebuilt",
    "schedule",
    "scheduled",
    "runs",
    "execute",
    "trigger",
];

/// Verbs that ask for rows, not aggregates.
pub const LIST: &[&str] = &["list", "find", "list all", "select", "look up", "filter"];

/// Verbs that ask for a check.
#[rustfmt::skip]
pub const CHECK: &[&str] = &[
    "check", "check that", "check if", "check for", "check whether", "make sure", "make sure that", "ensure", "ensure that",
    "verify", "verify that", "validate", "validate that", "test", "test that", "assert", "assert that", "confirm", "confirm that",
    "guarantee", "guarantee that", "test for", "flag",
];

/// Nouns for what is built.
#[rustfmt::skip]
pub const ARTIFACTS: &[&str] = &[
    "table", "view", "report", "summary", "overview", "model", "mart", "dataset", "data set", "dashboard", "aggregate",
    "rollup", "roll-up", "breakdown", "statistics", "stats", "figures", "summaries", "tables", "reports", "metrics", "kpis",
    "numbers", "data mart", "summary table", "summary report", "pipeline", "data", "feed", "extract", "aggregation", "list",
    "digest", "totals",
];

/// Artifacts that have measures though none is named.
#[rustfmt::skip]
pub const SUMMARIES: &[&str] = &[
    "summary", "overview", "report", "aggregate", "rollup", "roll-up", "breakdown", "statistics", "stats", "figures", "summaries",
    "metrics", "kpis", "numbers", "dashboard", "reports", "summary table", "summary report", "digest", "totals", "aggregation",
];

/// Words that say nothing about the data.
#[rustfmt::skip]
const FILLER: &[&str] = &[
    "please", "we", "i", "me", "us", "you", "it", "they", "them", "to", "of", "in", "on", "at", "for", "and", "or", "with", "from",
    "by", "as", "so", "then", "also", "there", "that", "which", "who", "is", "are", "was", "were", "be", "been", "being", "should",
    "would", "could", "can", "will", "shall", "may", "might", "must", "into", "out", "up", "new", "the", "a", "an", "all",
    "our", "my", "their", "its", "this", "these", "those", "thanks", "thank", "hi", "hello", "hey", "dear", "just", "like", "using",
    "use", "based", "here", "now", "well", "too", "along", "together", "both", "plus", "including", "include", "includes",
    "containing", "contains", "holding", "show", "showing", "shows", "having", "has", "have", "had", "do", "does", "did", "let",
    "let's", "some", "called", "records", "record", "rows", "row", "entries", "entry", "data", "values", "value", "information",
    "info", "database", "db", "warehouse", "system", "source", "schema", "corresponding", "respective", "related", "given",
    "placed", "made", "place", "make", "happened", "done", "created", "per", "each", "every", "how", "what", "when", "where", "whose", "'s",
    "one", "other", "several", "multiple", "sold", "bought", "purchased", "spent", "billed", "earned", "charged", "careful", "note", "mind", "remember", "beware", "attention", "asap", "kindly", "simple", "nice", "clean", "fresh", "if", "not", "no", "amount", "dollars",
    "euros", "usd", "eur", "able", "know", "over", "within", "during", "need", "want", "needed", "required", "finally", "afterwards",
    "next", "first", "second", "order to", "regarding", "about", "via", "through", "onto", "off", "came", "come", "comes", "went",
    "belonging", "associated", "column", "columns", "field", "fields", "result", "results", "resulting", "output", "after", "that's", "i'd", "we'd",
    "grouped", "broken", "down", "split", "than", "are", "recorded", "registered", "existing", "overall", "am", "time", "times", "fails", "failed", "team",
];

/// Verbs and adjectives that say no more than the noun beside them.
#[rustfmt::skip]
const HARMLESS: &[&str] = &[
    "worked", "lost", "reported", "logged", "handled", "processed", "received", "submitted", "taken", "used", "consumed", "generated", "collected",
    "raised", "issued", "written", "held", "given", "produced", "performed", "attended", "visited", "played", "driven", "travelled", "posted",
    "filed", "entered", "measured", "captured", "observed", "taking", "coming", "going", "occurred", "occurring", "incurred",
    "listed", "stored", "kept", "tracked", "assigned", "involved", "seen", "found", "look", "looking", "understand", "compare", "monitor",
    "interested", "shown", "displayed", "useful", "helpful", "quick", "quickly", "ready", "easy", "proper", "own", "something", "everything", "anything", "thing",
    "things", "stuff", "etc", "cheers", "regards", "morning", "everyone", "team", "guys", "folks", "boss", "colleagues", "actually", "basically",
    "really", "currently", "generally", "available", "overview", "picture", "question", "idea", "help", "works", "working", "goes", "get",
    "gets", "whole", "complete", "full", "detailed", "separate", "correct", "right", "accordingly", "respectively", "always", "later", "ones",
    "such", "still", "already", "yet", "even", "ever", "own", "way", "long", "lived", "being", "served", "stayed", "carried", "hi", "ok", "okay",
];

/// Whom something is made for.
#[rustfmt::skip]
const AUDIENCES: &[&str] = &[
    "website", "app", "portal", "intranet", "newsletter", "partners", "marketing", "finance", "management", "managers", "controlling", "controllers", "boss", "ceo", "cfo", "coo", "analysts", "analytics",
    "stakeholders", "ops", "operations", "accounting", "hr", "sales", "support", "product", "board", "leadership", "bi", "tableau", "looker", "excel",
    "website", "web", "press", "public", "powerbi", "dashboards", "reporting", "engineering", "everyone", "colleagues", "audit", "auditors", "compliance", "planning", "meeting",
];

/// Whether `word` says no more than the noun beside it.
pub fn is_harmless(word: &str) -> bool {
    HARMLESS.contains(&word)
}

/// Whether `word` says whom something is made for.
pub fn is_audience(word: &str) -> bool {
    AUDIENCES.contains(&word)
}

#[rustfmt::skip]
/// Phrases that say nothing about the data.
pub const PHRASES: &[&str] = &[
    "look after",
    "looks after",
    "looked after",
    "i. e.",
    "i.e .",
    "i.e",
    "e.g .",
    "e.g",
    "that is",
    "as a list", "at all", "hi team", "hello team", "hi all", "hello all", "dear team", "dear all", "hey team", "hi everyone", "hi there", "hi folks",
    "in there twice", "in there several times", "in there more than once", "in that month", "in that week", "in that day", "in that year",
    "in that period", "that month", "meaning", "in other words", "defined as",
];

/// Words that never name a table or a column, whatever the contracts hold.
#[rustfmt::skip]
const NEVER: &[&str] = &[
    "of", "in", "on", "at", "for", "and", "or", "with", "from", "by", "as", "that", "which", "who", "is", "are", "was", "were", "be",
    "the", "a", "an", "all", "we", "i", "me", "us", "you", "it", "they", "to", "into", "per", "each", "every", "last", "past",
    "this", "not", "no", "without", "only", "except", "excluding", "daily", "weekly", "monthly", "hourly", "yearly", "annual",
    "quarterly", "day", "days", "week", "weeks", "month", "months", "year", "years", "hour", "hours", "table", "tables", "summary",
    "report", "data", "create", "build", "make", "show", "list", "give", "find", "keep", "need", "want", "how", "many", "much",
    "please", "clean", "check", "if", "when", "where", "then", "also", "than", "more", "less", "least", "most", "leave", "out",
    "distinct", "unique", "different", "average", "sum", "mean", "maximum", "minimum", "have", "has", "do", "does", "must", "should",
    "values", "value", "records", "rows", "record", "row", "so", "there", "their", "our", "my", "its", "i'd", "we'd", "i'll", "we'll", "i'm", "we're", "i've", "we've", "let's", "refresh", "run", "slack", "retry", "twice", "using", "add", "new",
];

/// Small words that change what is meant wherever they stand, so that they are never passed over.
#[rustfmt::skip]
const TURNING: &[&str] = &[
    "not", "no", "none", "nobody", "nothing", "if", "than", "nor", "neither", "never", "unless", "until", "till", "before", "after", "except", "excluding", "without", "only",
    "top", "bottom", "least", "most", "fewest", "highest", "lowest", "largest", "smallest", "biggest", "best", "worst", "minus", "times", "divided",
    "median", "share", "percentage", "percent", "proportion", "fraction", "ratio", "since", "previous", "latest", "earliest", "distinct", "cumulative", "rolling", "versus", "vs", "compared", "instead", "otherwise", "whether",
];

/// Words that pick some of the rows where a noun follows.
const PICKING: &[&str] = &["first", "second", "next", "other"];

/// Whether `word` before a noun picks some of its rows.
pub fn picks(word: &str) -> bool {
    PICKING.contains(&word)
}

/// Whether `word` changes what is meant wherever it stands.
pub fn turns(word: &str) -> bool {
    TURNING.contains(&word)
}

/// Whether an article is a name where the contracts have it.
pub fn article_or_noun(word: &str) -> bool {
    matches!(word, "company" | "individual" | "entire" | "raw" | "single")
}

/// Whether `word` says nothing about the data.
pub fn is_filler(word: &str) -> bool {
    FILLER.contains(&word)
}

/// Of those, words that columns are called by; one that is called exactly so is meant.
pub fn also_noun(word: &str) -> bool {
    matches!(word, "value" | "values")
}

/// Whether `word` never names a table or a column.
pub fn never_noun(word: &str) -> bool {
    NEVER.contains(&word)
}

/// Whether the reader knows `word` without the contracts, so that it is no misspelt name.
pub fn known(word: &str) -> bool {
    is_filler(word)
        || [INGEST, BUILD, RUN, LIST, CHECK, ARTIFACTS].iter().any(|list| list.contains(&word))
        || super::synonyms::REVENUE.contains(&super::stem::noun(word).as_ref())
        || OTHER.contains(&word)
}

/// Words of the recognisers that could look like a misspelt name.
#[rustfmt::skip]
const OTHER: &[&str] = &[
    "number", "count", "total", "revenue", "sales", "turnover", "average", "amount", "weekday", "weekdays", "monday", "tuesday",
    "wednesday", "thursday", "friday", "saturday", "sunday", "retries", "channel", "alert", "notify", "trimmed", "lowercase",
    "missing", "unique", "duplicate", "duplicates", "belong", "belongs", "active", "margin", "times", "minus", "divided", "quantity",
    "excluding", "except", "without", "ignoring", "incremental", "incrementally", "changed", "history", "running", "growth", "previous", "orders",
];
