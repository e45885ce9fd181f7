//! Words for the same thing. Data: to teach the reader a word, add it to its line.
//!
//! Every word stands as [`super::tokens::Token::key`] has it: lower case, no plural, parts run together.

/// Nouns that name the same kind of table or column; the contracts decide which of a line exists.
#[rustfmt::skip]
const NOUNS: &[&[&str]] = &[
    &["order", "purchase", "sale", "salesorder", "customerorder"],
    &["invoice", "bill"],
    &["customer", "client", "buyer", "shopper", "account"],
    &["orderitem", "orderline", "orderdetail", "lineitem", "invoiceline", "invoiceitem", "item", "line"],
    &["product", "article", "item", "good", "merchandise"],
    &["payment", "transaction", "charge"],
    &["employee", "staff", "worker", "salesperson", "salesrep", "headcount"],
    &["trip", "ride", "journey", "rental"],
    &["appointment", "visit", "booking", "consultation"],
    &["doctor", "physician", "practitioner", "clinician", "provider"],
    &["supplier", "vendor"],
    &["song", "track"],
    &["user", "member", "subscriber", "rider"],
    &["shop", "store", "branch", "outlet"],
    &["station", "dock"],
    &["category", "kind", "type"],
    &["quantity", "qty", "unit", "piece"],
    &["email", "mail", "emailaddress", "mailaddress"],
    &["phone", "phonenumber", "telephone", "telephonenumber", "mobile", "mobilenumber", "cell", "cellphone", "fax"],
    &["currency", "currencycode"],
    &["country", "countrycode", "nation"],
    &["city", "town"],
    &["department", "dept", "team"],
    &["gender", "sex"],
    &["birthdate", "dateofbirth", "dob", "birthday"],
    &["freight", "shippingcost", "shippingfee"],
    &["distance", "kilometre", "kilometer", "km", "mileage", "mile"],
    &["duration", "length", "runtime"],
    &["salary", "wage", "pay", "compensation"],
    &["surname", "lastname", "familyname"],
    &["firstname", "givenname", "forename"],
    &["postcode", "zip", "zipcode", "postalcode"],
    &["state", "province"],
    &["status", "state"],
    &["venue", "location", "site", "place"],
    &["comment", "note", "remark"],
    &["rating", "score", "star", "mark", "grade"],
    &["manager", "supervisor", "boss"],
    &["vehicle", "car", "truck", "van", "bus"],
    &["passenger", "traveller", "traveler"],
    &["shipment", "delivery", "consignment", "parcel"],
    &["warehouse", "depot"],
    &["stock", "inventory"],
    &["ticket", "case", "issue", "incident"],
    &["agent", "representative", "rep"],
    &["subscription", "contract", "agreement"],
    &["plan", "package"],
    &["lead", "prospect", "opportunity"],
    &["project", "engagement"],
    &["timeentry", "timesheet", "timelog", "worklog"],
    &["sensor", "meter", "probe"],
    &["reading", "measurement", "observation"],
    &["alarm", "alert", "warning"],
    &["teacher", "instructor", "professor", "lecturer", "trainer", "coach", "tutor"],
    &["student", "pupil", "learner"],
    &["course", "class", "lesson"],
    &["enrolment", "enrollment", "registration"],
    &["exam", "examination"],
    &["loan", "borrowing", "lending"],
    &["fine", "penalty", "latefee"],
    &["author", "writer"],
    &["genre", "style"],
    &["artist", "band", "performer", "musician"],
    &["play", "listen", "stream"],
    &["admission", "hospitalisation", "hospitalization", "stay"],
    &["prescription", "medication", "drug", "medicine"],
    &["hotel", "property"],
    &["guest", "visitor"],
    &["reservation", "booking"],
    &["tenant", "renter"],
    &["lease", "tenancy"],
    &["donation", "gift", "contribution"],
    &["donor", "giver"],
    &["message", "post"],
    &["session", "pageview"],
    &["fee", "charge", "price"],
    &["rebate", "discount", "reduction"],
    &["capacity", "seat"],
    &["refund", "chargeback"],
];

/// Words for one of several kinds of table; meant where only one of them is there.
pub const BROADER: &[(&str, &[&str])] = &[
    (
        "person",
        &["employee", "customer", "user", "member", "patient", "guest", "student", "contact", "rider", "client"],
    ),
    ("thing", &["product", "item", "article"]),
];

/// What happens, in other words, as [`super::stem::action`] has it.
#[rustfmt::skip]
pub const EVENTS: &[&[&str]] = &[
    &["leav", "terminat", "resign", "quit", "depart", "offboard"],
    &["join", "hir", "regist", "register", "enrol", "enroll", "onboard", "signup"],
    &["open", "creat", "rais", "report", "fil", "submit", "log"],
    &["clos", "resolv", "solv", "complet", "finish", "settl"],
    &["buy", "order", "purchas", "plac"],
    &["send", "ship", "dispatch"],
    &["deliver", "arriv", "receiv"],
    &["book", "reserv"],
    &["loan", "borrow", "lend", "checkedout"],
    &["cancel", "churn"],
    &["issu", "bill", "invoic"],
    &["measur", "record", "tak", "captur", "read"],
];

/// Currencies as people call them, by their codes.
pub const CURRENCIES: &[(&str, &[&str])] = &[
    ("EUR", &["euro", "euros", "€"]),
    ("USD", &["dollar", "dollars", "$"]),
    ("GBP", &["pound", "pounds", "£"]),
    ("CHF", &["franc", "francs"]),
    ("JPY", &["yen"]),
    ("NOK", &["krone", "kroner"]),
    ("SEK", &["krona", "kronor"]),
];

/// Short forms inside the names of tables and columns.
#[rustfmt::skip]
pub const SHORT: &[(&str, &str)] = &[
    ("dt", "date"),
    ("ts", "time"),
    ("amt", "amount"),
    ("qty", "quantity"),
    ("cust", "customer"),
    ("addr", "address"),
    ("num", "number"),
    ("no", "number"),
    ("nr", "number"),
    ("nbr", "number"),
    ("cat", "category"),
    ("prod", "product"),
    ("inv", "invoice"),
    ("pmt", "payment"),
    ("acct", "account"),
    ("dept", "department"),
    ("tel", "phone"),
    ("cd", "code"),
    ("curr", "currency"),
    ("ccy", "currency"),
    ("ord", "order"),
    ("emp", "employee"),
    ("hdr", "header"),
    ("dtl", "detail"),
    ("mgr", "manager"),
];

/// What people put before a table's own name: `dim_customer`, `tbl_orders`.
pub const TABLE_PREFIXES: &[&str] = &["tbl", "dim", "fact", "fct", "raw", "src", "vw", "t"];

/// What people put after it: `customer_master`, `order_header`.
pub const TABLE_ENDINGS: &[&str] = &[
    "master", "header", "data", "info", "list", "dim", "fact", "record", "table", "tbl", "base", "main", "entity",
    "mst", "log", "register",
];

/// Money that comes in: the amount of the order-like table.
#[rustfmt::skip]
pub const REVENUE: &[&str] =
    &["revenue", "sale", "turnover", "income", "taking", "proceed", "earning", "gmv", "salesrevenue", "totalrevenue"];

/// What a thing is worth: `order value`, `total spend`.
pub const WORTH: &[&str] = &["value", "total", "amount", "worth", "spend", "spending", "price", "cost", "size"];

/// Other words for `key`.
pub fn of(key: &str) -> impl Iterator<Item = &'static str> + '_ {
    NOUNS
        .iter()
        .filter(move |line| line.contains(&key))
        .flat_map(|line| line.iter().copied())
        .filter(move |w| *w != key)
}
