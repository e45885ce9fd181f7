//! What people say of cleaning.

/// Stands for the rule that a column's name asks for.
pub const CLEAN: &str = "clean";

/// Verbs before what is cleaned, by rule.
#[rustfmt::skip]
pub const VERBS: &[(&str, &[&str])] = &[
    (CLEAN, &[
        "clean", "clean up", "cleanse", "cleaning", "cleaning up", "normalise", "normalize", "standardise", "standardize", "tidy", "tidy up", "sanitise", "sanitize", "fix", "fix up",
        "format", "harmonise", "harmonize", "unify", "with clean", "with cleaned", "cleaned", "with normalised", "with normalized", "normalised", "normalized", "standardised", "standardized",
    ]),
    ("trim", &["trim", "trimming", "strip", "strip whitespace from", "trim whitespace from", "trim spaces from", "remove surrounding spaces from", "with trimmed", "trimmed", "strip spaces from", "remove leading and trailing spaces from", "remove the spaces around"]),
    ("lower", &["lower-case", "lowercase", "lower case", "lower-cased", "lowercased", "lower-casing", "lowercasing", "lower", "put in lower case"]),
    ("upper", &["upper-case", "uppercase", "upper case", "upper-cased", "uppercased", "capitalise", "capitalize", "put in capitals", "upper-casing"]),
    ("title_case", &["title-case", "titlecase", "title case", "title-cased", "proper-case", "capitalise the words of", "capitalise each word of"]),
    ("single_spaces", &[
        "collapse spaces in", "collapse the spaces in", "collapse double spaces in", "collapse multiple spaces in", "collapse repeated spaces in", "remove double spaces from", "remove extra spaces from", "squeeze spaces in", "remove double spaces in", "collapse whitespace in",
    ]),
];

/// Words after what is cleaned, by rule.
#[rustfmt::skip]
pub const STYLES: &[(&str, &[&str])] = &[
    (CLEAN, &["cleaned", "cleaned up", "cleansed", "normalised", "normalized", "standardised", "standardized", "tidied up", "in a clean form", "in clean form"]),
    ("trim", &[
        "trimmed", "stripped", "without surrounding spaces", "without surrounding whitespace", "without leading and trailing spaces", "without leading or trailing spaces", "without spaces around them", "without spaces around it", "with no surrounding spaces",
        "without the surrounding spaces", "with surrounding spaces removed", "without extra spaces around them", "without blanks around them",
    ]),
    ("lower", &["lower-cased", "lowercased", "in lower case", "in lowercase", "in lower-case", "lower case", "lowercase", "all lower case", "in small letters"]),
    ("upper", &["upper-cased", "uppercased", "in upper case", "in uppercase", "in upper-case", "in capitals", "upper case", "uppercase", "in capital letters"]),
    ("title_case", &["title-cased", "in title case", "in proper case", "properly capitalised", "properly capitalized", "capitalised", "capitalized"]),
    ("single_spaces", &["with single spaces", "with spaces collapsed", "without double spaces", "without repeated spaces"]),
];

/// What phone numbers become, after what is cleaned.
pub const INTERNATIONAL: &[&str] = &[
    "to e.164",
    "in e.164",
    "as e.164",
    "into e.164",
    "to e.164 format",
    "in e.164 format",
    "into e.164 format",
    "to the e.164 format",
    "in the e.164 format",
    "to international format",
    "in international format",
    "to the international format",
];

/// Verbs that change what a value is.
pub const CONVERT: &[&str] = &[
    "convert",
    "turn",
    "cast",
    "parse",
    "change",
    "transform",
    "interpret",
    "read",
    "treat",
    "converting",
    "turning",
    "casting",
    "parsing",
    "clean",
    "fix",
    "make",
    "store",
    "normalise",
    "normalize",
    "standardise",
];
/// The same, after it.
pub const CONVERTED: &[&str] =
    &["converted", "turned", "cast", "parsed", "changed", "transformed", "read", "treated", "cleaned"];
/// Words after a column that add nothing.
pub const COLUMN: &[&str] =
    &["flags", "flag", "columns", "column", "fields", "field", "values", "strings", "text", "texts"];
/// Between what is changed and what it becomes.
pub const TO: &[&str] =
    &["to", "into", "as", "with", "by", "using", "to be", "to the type", "with the rule", "by the rule", "are"];

/// What is cleaned where nothing is named.
pub const EVERYTHING: &[&str] =
    &["data", "it", "them", "everything", "things", "all", "values", "tables", "database", "records", "mess"];

pub const PHONES: &[&str] = &[
    "phone",
    "phones",
    "phone numbers",
    "phone number",
    "telephone numbers",
    "telephone number",
    "telephones",
    "mobile numbers",
    "mobile phones",
    "mobile phone numbers",
    "cell numbers",
    "cell phone numbers",
    "mobiles",
    "telephone",
    "fax numbers",
    "contact numbers",
    "mobile number",
    "mobile",
];
pub const EMAILS: &[&str] = &[
    "email",
    "emails",
    "e-mail",
    "e-mails",
    "email addresses",
    "email address",
    "e-mail addresses",
    "e-mail address",
    "mail addresses",
];
pub const NAMES: &[&str] =
    &["name", "names", "first and last names", "first names", "last names", "first name", "last name"];
