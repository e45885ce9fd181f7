#![allow(clippy::unwrap_used)]

use super::{about, names};

#[test]
fn numbers_are_told_by_one_digit() {
    let told: Vec<String> = [0, 7, 19, 20, 99, 2400, 1_999_999].map(about).into();
    assert_eq!(told, ["0", "7", "19", "20 and more", "90 and more", "2,000 and more", "1,000,000 and more"]);
}

#[test]
fn names_are_taken_apart() {
    for (name, want) in [
        ("OrderItems", "order items"),
        ("HTTPLogID", "http log id"),
        ("order items", "order items"),
        ("__x1_", "x1"),
        ("", ""),
        ("💥", "thing"),
    ] {
        assert_eq!(names::words(name, "thing").join(" "), want, "{name}");
    }
    let things = |name: &str| names::things(name, name).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(things("tbl_OrderItems"), "order_item order_items tbl_order_item tbl_order_items");
    assert_eq!(things("categories"), "categori categorie categories category");
    assert_eq!(things("feeds/{vendor}/orders_*.csv"), "order orders");
    assert_eq!(things("/v1/customers?x=1"), "customer customers");
}

#[test]
fn a_key_is_named_for_its_own_table() {
    let rank = |table: &str, column: &str| names::own_key(&names::things(table, table), &names::words(column, column));
    let ranks = [("orders", "id"), ("orders", "order_id"), ("Orders", "OrderID"), ("orders", "orderid")];
    assert_eq!(ranks.map(|(t, c)| rank(t, c)), [Some(0); 4]);
    assert_eq!([rank("orders", "order_number"), rank("countries", "code")], [Some(1), Some(2)]);
    for (table, column) in [("orders", "customer_id"), ("orders", "number"), ("orders", "name"), ("orders", "order")] {
        assert_eq!(rank(table, column), None, "{table}.{column}");
    }
}

#[test]
fn another_row_of_the_same_table() {
    let is = |column: &str, key: &str| names::is_role(&names::words(column, column), &names::words(key, key));
    for column in ["parent_id", "manager_id", "reports_to", "ReportsTo", "replaced_by"] {
        assert!(is(column, "employee_id"), "{column}");
    }
    for column in ["parent", "customer_id", "id", "manager_name", "next", "reports"] {
        assert!(!is(column, "employee_id"), "{column}");
    }
    assert!(is("parent_code", "code") && is("parent_sku", "sku") && !is("parent_sku", "id"));
}
