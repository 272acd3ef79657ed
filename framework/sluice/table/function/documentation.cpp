#include "sluice/table/function/documentation.hpp"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <set>
#include <string_view>

namespace sluice::table {

namespace {

struct flink_function {
  /// As in Flink's documentation.
  std::string_view signature;
  /// In the registry.
  std::string_view name;
};

// clang-format off
constexpr flink_function flink_functions[] = {
  {R"(value1 = value2)", "="},
  {R"(value1 <> value2)", "<>"},
  {R"(value1 > value2)", ">"},
  {R"(value1 >= value2)", ">="},
  {R"(value1 < value2)", "<"},
  {R"(value1 <= value2)", "<="},
  {R"(value IS NULL)", "IS NULL"},
  {R"(value IS NOT NULL)", "IS NOT NULL"},
  {R"(value1 IS DISTINCT FROM value2)", "IS DISTINCT FROM"},
  {R"(value1 IS NOT DISTINCT FROM value2)", "IS NOT DISTINCT FROM"},
  {R"(value1 BETWEEN [ ASYMMETRIC | SYMMETRIC ] value2 AND value3)", "BETWEEN"},
  {R"(value1 NOT BETWEEN [ ASYMMETRIC | SYMMETRIC ] value2 AND value3)", "NOT BETWEEN"},
  {R"(string1 LIKE string2 [ ESCAPE char ])", "LIKE"},
  {R"(string1 NOT LIKE string2 [ ESCAPE char ])", "NOT LIKE"},
  {R"(string1 SIMILAR TO string2 [ ESCAPE char ])", "SIMILAR TO"},
  {R"(string1 NOT SIMILAR TO string2 [ ESCAPE char ])", "NOT SIMILAR TO"},
  {R"(value1 IN (value2 [, value3]* ))", "IN"},
  {R"(value1 NOT IN (value2 [, value3]* ))", "NOT IN"},
  {R"(EXISTS (sub-query))", "EXISTS sub-query"},
  {R"(value IN (sub-query))", "IN sub-query"},
  {R"(value NOT IN (sub-query))", "NOT IN sub-query"},
  {R"(boolean1 OR boolean2)", "OR"},
  {R"(boolean1 AND boolean2)", "AND"},
  {R"(NOT boolean)", "NOT"},
  {R"(boolean IS FALSE)", "IS FALSE"},
  {R"(boolean IS NOT FALSE)", "IS NOT FALSE"},
  {R"(boolean IS TRUE)", "IS TRUE"},
  {R"(boolean IS NOT TRUE)", "IS NOT TRUE"},
  {R"(boolean IS UNKNOWN)", "IS UNKNOWN"},
  {R"(boolean IS NOT UNKNOWN)", "IS NOT UNKNOWN"},
  {R"(+ numeric)", "PLUS"},
  {R"(- numeric)", "NEGATE"},
  {R"(numeric1 + numeric2)", "+"},
  {R"(numeric1 - numeric2)", "-"},
  {R"(numeric1 * numberic2)", "*"},
  {R"(numeric1 / numeric2)", "/"},
  {R"(numeric1 % numeric2)", "%"},
  {R"(POWER(numeric1, numeric2))", "POWER"},
  {R"(ABS(numeric))", "ABS"},
  {R"(SQRT(numeric))", "SQRT"},
  {R"(LN(numeric))", "LN"},
  {R"(LOG10(numeric))", "LOG10"},
  {R"(LOG2(numeric))", "LOG2"},
  {R"(EXP(numeric))", "EXP"},
  {R"(FLOOR(numeric))", "FLOOR"},
  {R"(SIN(numeric))", "SIN"},
  {R"(SINH(numeric))", "SINH"},
  {R"(COS(numeric))", "COS"},
  {R"(TAN(numeric))", "TAN"},
  {R"(TANH(numeric))", "TANH"},
  {R"(COT(numeric))", "COT"},
  {R"(ASIN(numeric))", "ASIN"},
  {R"(ACOS(numeric))", "ACOS"},
  {R"(ATAN(numeric))", "ATAN"},
  {R"(ATAN2(numeric1, numeric2))", "ATAN2"},
  {R"(COSH(numeric))", "COSH"},
  {R"(DEGREES(numeric))", "DEGREES"},
  {R"(RADIANS(numeric))", "RADIANS"},
  {R"(SIGN(numeric))", "SIGN"},
  {R"(ROUND(NUMERIC, INT))", "ROUND"},
  {R"(PI())", "PI"},
  {R"(E())", "E"},
  {R"(RAND())", "RAND"},
  {R"(RAND(INT))", "RAND"},
  {R"(RAND_INTEGER(INT))", "RAND_INTEGER"},
  {R"(RAND_INTEGER(INT1, INT2))", "RAND_INTEGER"},
  {R"(UUID())", "UUID"},
  {R"(BIN(INT))", "BIN"},
  {R"(UNHEX(expr))", "UNHEX"},
  {R"(TRUNCATE(numeric1, integer2))", "TRUNCATE"},
  {R"(PERCENTILE(expr, percentage[, frequency]))", "PERCENTILE"},
  {R"(string1 || string2)", "||"},
  {R"(UPPER(string))", "UPPER"},
  {R"(LOWER(string))", "LOWER"},
  {R"(POSITION(string1 IN string2))", "POSITION"},
  {R"(PRINTF(format[, obj]*))", "PRINTF"},
  {R"(TRIM([ BOTH | LEADING | TRAILING ] string1 FROM string2))", "TRIM"},
  {R"(LTRIM(str[, trimStr]))", "LTRIM"},
  {R"(RTRIM(str[, trimStr]))", "RTRIM"},
  {R"(BTRIM(str[, trimStr]))", "BTRIM"},
  {R"(REPEAT(string, int))", "REPEAT"},
  {R"(REGEXP_REPLACE(string1, string2, string3))", "REGEXP_REPLACE"},
  {R"(OVERLAY(string1 PLACING string2 FROM integer1 [ FOR integer2 ]))", "OVERLAY"},
  {R"(STARTSWITH(expr, startExpr))", "STARTSWITH"},
  {R"(ENDSWITH(expr, endExpr))", "ENDSWITH"},
  {R"(SUBSTRING(string FROM integer1 [ FOR integer2 ]))", "SUBSTRING"},
  {R"(REPLACE(string1, string2, string3))", "REPLACE"},
  {R"(REGEXP_COUNT(str, regex))", "REGEXP_COUNT"},
  {R"(REGEXP_EXTRACT(string1, string2[, integer]))", "REGEXP_EXTRACT"},
  {R"(REGEXP_EXTRACT_ALL(str, regex[, extractIndex]))", "REGEXP_EXTRACT_ALL"},
  {R"(REGEXP_INSTR(str, regex))", "REGEXP_INSTR"},
  {R"(REGEXP_SUBSTR(str, regex))", "REGEXP_SUBSTR"},
  {R"(TRANSLATE(expr, fromStr, toStr))", "TRANSLATE"},
  {R"(INITCAP(string))", "INITCAP"},
  {R"(CONCAT(string1, string2,...))", "CONCAT"},
  {R"(CONCAT_WS(string1, string2, string3,...))", "CONCAT_WS"},
  {R"(LPAD(string1, integer, string2))", "LPAD"},
  {R"(RPAD(string1, integer, string2))", "RPAD"},
  {R"(FROM_BASE64(string))", "FROM_BASE64"},
  {R"(TO_BASE64(string))", "TO_BASE64"},
  {R"(ASCII(string))", "ASCII"},
  {R"(CHR(integer))", "CHR"},
  {R"(DECODE(binary, string))", "DECODE"},
  {R"(ENCODE(string1, string2))", "ENCODE"},
  {R"(INSTR(string1, string2))", "INSTR"},
  {R"(LEFT(string, integer))", "LEFT"},
  {R"(RIGHT(string, integer))", "RIGHT"},
  {R"(LOCATE(string1, string2[, integer]))", "LOCATE"},
  {R"(URL_DECODE(string))", "URL_DECODE"},
  {R"(URL_ENCODE(string))", "URL_ENCODE"},
  {R"(PARSE_URL(string1, string2[, string3]))", "PARSE_URL"},
  {R"(REGEXP(string1, string2))", "REGEXP"},
  {R"(REVERSE(string))", "REVERSE"},
  {R"(SPLIT_INDEX(string1, string2, integer1))", "SPLIT_INDEX"},
  {R"(STR_TO_MAP(string1[, string2, string3]))", "STR_TO_MAP"},
  {R"(SUBSTR(string, integer1[, integer2]))", "SUBSTR"},
  {R"(JSON_QUOTE(string))", "JSON_QUOTE"},
  {R"(JSON_UNQUOTE(string))", "JSON_UNQUOTE"},
  {R"(ELT(index, expr[, exprs]*))", "ELT"},
  {R"(DATE string)", "DATE literal"},
  {R"(TIME string)", "TIME literal"},
  {R"(TIMESTAMP string)", "TIMESTAMP literal"},
  {R"(INTERVAL string range)", "INTERVAL literal"},
  {R"(LOCALTIME)", "LOCALTIME"},
  {R"(LOCALTIMESTAMP)", "LOCALTIMESTAMP"},
  {R"(CURRENT_TIME)", "CURRENT_TIME"},
  {R"(CURRENT_DATE)", "CURRENT_DATE"},
  {R"(CURRENT_TIMESTAMP)", "CURRENT_TIMESTAMP"},
  {R"(NOW())", "NOW"},
  {R"(CURRENT_ROW_TIMESTAMP())", "CURRENT_ROW_TIMESTAMP"},
  {R"(EXTRACT(timeinteravlunit FROM temporal))", "EXTRACT"},
  {R"(YEAR(date))", "YEAR"},
  {R"(QUARTER(date))", "QUARTER"},
  {R"(MONTH(date))", "MONTH"},
  {R"(WEEK(date))", "WEEK"},
  {R"(DAYOFYEAR(date))", "DAYOFYEAR"},
  {R"(DAYOFMONTH(date))", "DAYOFMONTH"},
  {R"(DAYOFWEEK(date))", "DAYOFWEEK"},
  {R"(HOUR(timestamp))", "HOUR"},
  {R"(MINUTE(timestamp))", "MINUTE"},
  {R"(SECOND(timestamp))", "SECOND"},
  {R"(FLOOR(timepoint TO timeintervalunit))", "FLOOR"},
  {R"(CEIL(timepoint TO timeintervaluntit))", "CEIL"},
  {R"((timepoint1, temporal1) OVERLAPS (timepoint2, temporal2))", "OVERLAPS"},
  {R"(DATE_FORMAT(timestamp, string))", "DATE_FORMAT"},
  {R"(TIMESTAMPADD(timeintervalunit, interval, timepoint))", "TIMESTAMPADD"},
  {R"(TIMESTAMPDIFF(timepointunit, timepoint1, timepoint2))", "TIMESTAMPDIFF"},
  {R"(CONVERT_TZ(string1, string2, string3))", "CONVERT_TZ"},
  {R"(FROM_UNIXTIME(numeric[, string]))", "FROM_UNIXTIME"},
  {R"(UNIX_TIMESTAMP())", "UNIX_TIMESTAMP"},
  {R"(UNIX_TIMESTAMP(string1[, string2]))", "UNIX_TIMESTAMP"},
  {R"(TO_DATE(string1[, string2]))", "TO_DATE"},
  {R"(TO_TIMESTAMP_LTZ(numeric, precision))", "TO_TIMESTAMP_LTZ"},
  {R"(TO_TIMESTAMP(string1[, string2]))", "TO_TIMESTAMP"},
  {R"(CURRENT_WATERMARK(rowtime))", "CURRENT_WATERMARK"},
  {R"(NULLIF(value1, value2))", "NULLIF"},
  {R"(COALESCE(value1 [, value2]*))", "COALESCE"},
  {R"(IF(condition, true_value, false_value))", "IF"},
  {R"(IFNULL(input, null_replacement))", "IFNULL"},
  {R"(IS_ALPHA(string))", "IS_ALPHA"},
  {R"(IS_DECIMAL(string))", "IS_DECIMAL"},
  {R"(IS_DIGIT(string))", "IS_DIGIT"},
  {R"(GREATEST(value1[, value2]*))", "GREATEST"},
  {R"(LEAST(value1[, value2]*))", "LEAST"},
  {R"(CAST(value AS type))", "CAST"},
  {R"(TRY_CAST(value AS type))", "TRY_CAST"},
  {R"(CARDINALITY(array))", "CARDINALITY"},
  {R"(array '[' INT '])", "ITEM"},
  {R"(ELEMENT(array))", "ELEMENT"},
  {R"(CARDINALITY(map))", "CARDINALITY"},
  {R"(map '[' value ']')", "ITEM"},
  {R"(ARRAY_APPEND(array, element))", "ARRAY_APPEND"},
  {R"(ARRAY_CONTAINS(haystack, needle))", "ARRAY_CONTAINS"},
  {R"(ARRAY_DISTINCT(haystack))", "ARRAY_DISTINCT"},
  {R"(ARRAY_POSITION(haystack, needle))", "ARRAY_POSITION"},
  {R"(ARRAY_PREPEND(array, element))", "ARRAY_PREPEND"},
  {R"(ARRAY_REMOVE(haystack, needle))", "ARRAY_REMOVE"},
  {R"(ARRAY_REVERSE(haystack))", "ARRAY_REVERSE"},
  {R"(ARRAY_SLICE(array, start_offset[, end_offset]))", "ARRAY_SLICE"},
  {R"(ARRAY_SORT(array[, ascending_order[, null_first]]))", "ARRAY_SORT"},
  {R"(ARRAY_UNION(array1, array2))", "ARRAY_UNION"},
  {R"(ARRAY_CONCAT(array1, ...))", "ARRAY_CONCAT"},
  {R"(ARRAY_EXCEPT(array1, array2))", "ARRAY_EXCEPT"},
  {R"(ARRAY_INTERSECT(array1, array2))", "ARRAY_INTERSECT"},
  {R"(ARRAY_MAX(array))", "ARRAY_MAX"},
  {R"(ARRAY_JOIN(array, delimiter[, nullReplacement]))", "ARRAY_JOIN"},
  {R"(ARRAY_MIN(array))", "ARRAY_MIN"},
  {R"(MAP_KEYS(map))", "MAP_KEYS"},
  {R"(MAP_UNION(map1, ...))", "MAP_UNION"},
  {R"(MAP_VALUES(map))", "MAP_VALUES"},
  {R"(MAP_ENTRIES(map))", "MAP_ENTRIES"},
  {R"(MAP_FROM_ARRAYS(array_of_keys, array_of_values))", "MAP_FROM_ARRAYS"},
  {R"(SPLIT(string, delimiter))", "SPLIT"},
  {R"(IS JSON [ { VALUE | SCALAR | ARRAY | OBJECT } ])", "IS JSON VALUE"},
  {R"(JSON_EXISTS(jsonValue, path [ { TRUE | FALSE | UNKNOWN | ERROR } ON ERROR ]))", "JSON_EXISTS"},
  {R"(JSON_STRING(value))", "JSON_STRING"},
  {R"(JSON_VALUE(jsonValue, path [RETURNING <dataType>] [ { NULL | ERROR | DEFAULT <defaultExpr> } ON EMPTY ] [ { NULL | ERROR | DEFAULT <defaultExpr> } ON ERROR ]))", "JSON_VALUE"},
  {R"(JSON_QUERY(jsonValue, path [RETURNING <dataType>] [ { WITHOUT | WITH CONDITIONAL | WITH UNCONDITIONAL } [ ARRAY ] WRAPPER ] [ { NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR } ON EMPTY ] [ { NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR } ON ERROR ]))", "JSON_QUERY"},
  {R"(JSON_OBJECT([[KEY] key VALUE value]* [ { NULL | ABSENT } ON NULL ]))", "JSON_OBJECT"},
  {R"(JSON_ARRAY([value]* [ { NULL | ABSENT } ON NULL ]))", "JSON_ARRAY"},
  {R"(ARRAY '[' value1 [, value2 ]* ']')", "ARRAY"},
  {R"(MAP '[' value1, value2 [, value3, value4 ]* ']')", "MAP"},
  {R"(tableName.compositeType.field)", "DOT"},
  {R"(tableName.compositeType.*)", "DOT STAR"},
  {R"(GROUP_ID())", "GROUP_ID"},
  {R"(MD5(string))", "MD5"},
  {R"(SHA1(string))", "SHA1"},
  {R"(SHA224(string))", "SHA224"},
  {R"(SHA256(string))", "SHA256"},
  {R"(SHA384(string))", "SHA384"},
  {R"(SHA512(string))", "SHA512"},
  {R"(SHA2(string, hashLength))", "SHA2"},
  {R"(COUNT([ ALL ] expression | DISTINCT expression1 [, expression2]*))", "COUNT"},
  {R"(AVG([ ALL | DISTINCT ] expression))", "AVG"},
  {R"(SUM([ ALL | DISTINCT ] expression))", "SUM"},
  {R"(MAX([ ALL | DISTINCT ] expression))", "MAX"},
  {R"(MIN([ ALL | DISTINCT ] expression ))", "MIN"},
  {R"(STDDEV_POP([ ALL | DISTINCT ] expression))", "STDDEV_POP"},
  {R"(STDDEV_SAMP([ ALL | DISTINCT ] expression))", "STDDEV_SAMP"},
  {R"(VAR_POP([ ALL | DISTINCT ] expression))", "VAR_POP"},
  {R"(VAR_SAMP([ ALL | DISTINCT ] expression))", "VAR_SAMP"},
  {R"(COLLECT([ ALL | DISTINCT ] expression))", "COLLECT"},
  {R"(VARIANCE([ ALL | DISTINCT ] expression))", "VARIANCE"},
  {R"(RANK())", "RANK"},
  {R"(DENSE_RANK())", "DENSE_RANK"},
  {R"(ROW_NUMBER())", "ROW_NUMBER"},
  {R"(LEAD(expression [, offset] [, default]))", "LEAD"},
  {R"(LAG(expression [, offset] [, default]))", "LAG"},
  {R"(FIRST_VALUE(expression))", "FIRST_VALUE"},
  {R"(LAST_VALUE(expression))", "LAST_VALUE"},
  {R"(LISTAGG(expression [, separator]))", "LISTAGG"},
  {R"(CUME_DIST())", "CUME_DIST"},
  {R"(PERCENT_RANK())", "PERCENT_RANK"},
  {R"(NTILE(n))", "NTILE"},
  {R"(ARRAY_AGG([ ALL | DISTINCT ] expression [ RESPECT NULLS | IGNORE NULLS ]))", "ARRAY_AGG"},
  {R"(JSON_OBJECTAGG([KEY] key VALUE value [ { NULL | ABSENT } ON NULL ]))", "JSON_OBJECTAGG"},
  {R"(JSON_ARRAYAGG(items [ { NULL | ABSENT } ON NULL ]))", "JSON_ARRAYAGG"},
  {R"(CURRENT_DATABASE())", "CURRENT_DATABASE"},
};
// clang-format on

/// A bar would end the cell of the table.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

/// What is known of a function by its name in the registry or among the forms of the grammar.
std::optional<function_registry::description> describe(const function_registry& registry,
                                                       std::string_view name) {
  if (auto found = registry.describe(name)) return found;
  for (const auto& form : grammar_forms())
    if (form.name == name) return function_registry::description{std::string(form.doc), &form};
  return std::nullopt;
}

} // namespace

std::string functions_document(const function_registry& registry) {
  std::string rows;
  std::set<const void*> listed;
  int supported = 0;
  for (const auto& f : flink_functions) {
    auto found = describe(registry, f.name);
    if (found) {
      ++supported;
      listed.insert(found->identity);
    }
    fmt::format_to(std::back_inserter(rows), "| `{}` | {} | {} |\n", cell(f.signature),
                   found ? "yes" : "not yet", found ? found->doc : "");
  }
  std::string more;
  for (const auto* f : registry.scalar_functions()) {
    if (listed.contains(f)) continue;
    fmt::format_to(std::back_inserter(more), "| `{}` | {} |\n", cell(f->signature), f->doc);
  }
  for (const auto* f : registry.aggregate_functions()) {
    if (listed.contains(f)) continue;
    fmt::format_to(std::back_inserter(more), "| `{}` | {} |\n", cell(f->signature), f->doc);
  }
  return fmt::format(
    "# SQL functions\n\n"
    "Made from the registry of functions and the list of what the grammar knows beside them; the "
    "test\n`table_functions_document` checks that it is current, and says how to write it "
    "again.\n\n"
    "Of the {} built-in functions that Flink documents, {} are there.\n\n"
    "| function | supported | what it gives |\n|---|---|---|\n{}\n"
    "## Functions beside that list\n\n| function | what it gives |\n|---|---|\n{}",
    std::size(flink_functions), supported, rows, more);
}

} // namespace sluice::table
