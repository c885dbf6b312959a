"""TabularDataset: what is a record, a name, a type; as observed with the cloud's own engine (azureml-dataprep 5.5)."""
import datetime
import os
import unittest
from unittest import mock

from file_dataset_test import DatasetTest

from azureml.core import Dataset
from azureml.data import DataType, TabularDataset
from azureml.data.dataset_error_handling import DatasetExecutionError, DatasetValidationError
from azureml.data.dataset_type_definitions import PromoteHeadersBehavior
from azureml.exceptions import DatasetTimestampMissingError, UserErrorException

try:
    import pandas
except ImportError:
    pandas = None
try:
    import pyarrow
except ImportError:
    pyarrow = None

need_pandas = unittest.skipUnless(pandas, "pandas is not installed")


class TableTest(DatasetTest):
    def table(self, text, name="t.csv", **named):
        self.put(name, text)
        return Dataset.Tabular.from_delimited_files((self.store, name), **named)

    def frame(self, text, name="t.csv", **named):
        return self.table(text, name, **named).to_pandas_dataframe()

    def rows(self, text, **named):
        """The records as texts: without types, in which case null is None."""
        frame = self.frame(text, infer_column_types=False, **named)
        return [list(frame.columns)] + [[None if pandas.isna(one) else one for one in row] for row in frame.values.tolist()]


class WithoutPandas(TableTest):
    def test_types_are_guessed_without_pandas(self):
        table = self.table("i,f,b,s\n1,1.5,True,x\n2,,False,\n")
        self.assertEqual({name: one["type"] for name, one in table._definition["types"].items()},
                         {"i": "long", "f": "float", "b": "bool", "s": "string"})

    @unittest.skipIf(pandas, "pandas is installed")
    def test_what_to_do_is_said(self):
        text = self.message(UserErrorException, self.table("a\n1\n").to_pandas_dataframe)
        self.assertIn("to_pandas_dataframe needs pandas, which this Python does not have", text)

    def test_errors_of_arguments(self):
        self.assertTrue(self.message(UserErrorException, self.table, "a\n1\n", encoding="x").startswith("Invalid encoding 'x'. The supported"))
        self.assertTrue(self.message(UserErrorException, self.table, "a\n1\n", header="x").startswith("Unsupported header provided."))
        self.assertEqual(
            self.message(UserErrorException, self.table, "a\n1\n", set_column_types={"a": "long"}),
            "`set_column_types` must be a dictionary where key is column name and value is :class: azureml.data.DataType",
        )
        self.assertIn("t.csv has no record", self.message(DatasetValidationError, self.table, "a,b\n"))
        self.assertIn("has no record", self.message(DatasetValidationError, self.table, ""))
        self.assertIn("is not utf8", self.message(DatasetExecutionError, self.table, b"a\n\xe9\n"))
        self.assertIn("between 0 and 1", self.message(UserErrorException, self.table("a\n1\n").take_sample, "x"))
        self.assertIn("Use Dataset.File or Dataset.Tabular to make a dataset", self.message(UserErrorException, TabularDataset))
        self.assertIn("own client", self.message(NotImplementedError, Dataset.Tabular.from_sql_query, "select"))

    def test_json_lines_are_validated(self):
        self.put("bad.jsonl", '{"a":1}\nnot json\n')
        read = Dataset.Tabular.from_json_lines_files
        self.assertIn("bad.jsonl, line 2 is no JSON object", self.message(DatasetExecutionError, read, (self.store, "bad.jsonl")))
        read((self.store, "bad.jsonl"), invalid_lines="drop")
        self.assertIn("Expected 'error' or 'drop'", self.message(UserErrorException, read, (self.store, "bad.jsonl"), invalid_lines="x"))

    def test_parquet_is_recognized(self):
        self.put("x.parquet", "text")
        text = self.message(DatasetValidationError, Dataset.Tabular.from_parquet_files, (self.store, "x.parquet"))
        self.assertIn("x.parquet is no parquet file", text)

    @unittest.skipIf(pyarrow, "pyarrow is installed")
    @need_pandas
    def test_parquet_without_pyarrow_says_what_to_do(self):
        self.put("x.parquet", "PAR1....PAR1")
        table = Dataset.Tabular.from_parquet_files((self.store, "x.parquet"))
        for use in (table.to_pandas_dataframe, table.to_parquet_files, lambda: Dataset.Tabular.register_pandas_dataframe(
                pandas.DataFrame({"a": [1]}), (self.store, "p"), "n", show_progress=False)):
            self.assertIn("Parquet needs pyarrow, which this Python does not have.", self.message(UserErrorException, use))


@need_pandas
class Records(TableTest):
    def test_quotes_and_lines(self):
        text = 'a,b,c\n1,"x,y",3\n2,"B\nC",4\n5,he said ""hi"",6\n7,"he said ""hi""",8\n'
        head, last = ["a", "b", "c"], [["5", 'he said ""hi""', "6"], ["7", 'he said "hi"', "8"]]
        self.assertEqual(self.rows(text), [head, ["1", "x,y", "3"], ["2", '"B', None], ['C"', "4", None]] + last)
        self.assertEqual(
            self.rows(text, support_multi_line=True), [head, ["1", "x,y", "3"], ["2", "B\nC", "4"]] + last)

    def test_short_long_and_empty_records(self):
        self.assertEqual(
            self.rows("a,b,c\n1,2\n1,2,3,4\n5,6,7\n\n8,9,10\n"),
            [["a", "b", "c", "Column4"], ["1", "2", None, None], ["1", "2", "3", "4"], ["5", "6", "7", None], ["8", "9", "10", None]],
        )
        self.assertEqual(self.rows('a,b\n"",x\n,y\n'), [["a", "b"], ["", "x"], [None, "y"]])
        self.assertEqual(self.rows('a,b\n"",x\n,y\n', empty_as_string=True), [["a", "b"], ["", "x"], ["", "y"]])

    def test_names(self):
        self.assertEqual(self.rows("a , b\n 1 , x \n"), [["a", "b"], [" 1 ", " x "]])
        self.assertEqual(self.rows("a,a,,b\n1,2,3,4\n")[0], ["a", "a_1", "Column3", "b"])

    def test_header_modes(self):
        self.put("h/1.csv", "a,b\n1,2\n")
        self.put("h/2.csv", "b,c\n3,4\n")
        for header, expected in (
            (True, [["a", "b"], ["1", "2"], ["3", "4"]]),
            (False, [["Column1", "Column2"], ["a", "b"], ["1", "2"], ["b", "c"], ["3", "4"]]),
            ("ONLY_FIRST_FILE_HAS_HEADERS", [["a", "b"], ["1", "2"], ["b", "c"], ["3", "4"]]),
            (PromoteHeadersBehavior.COMBINE_ALL_FILES_HEADERS, [["a", "b", "c"], ["1", "2", None], [None, "3", "4"]]),
        ):
            frame = Dataset.Tabular.from_delimited_files(
                (self.store, "h"), header=header, infer_column_types=False).to_pandas_dataframe()
            found = [list(frame.columns)] + [[None if pandas.isna(one) else one for one in row] for row in frame.values.tolist()]
            self.assertEqual(found, expected, header)

    def test_encodings_and_separators(self):
        self.assertEqual(self.rows("a;b\n1;x,y\n", separator=";"), [["a", "b"], ["1", "x,y"]])
        self.assertEqual(self.rows("a||b\n1||2\n", separator="||"), [["a", "b"], ["1", "2"]])
        self.assertEqual(self.rows("a\n\u00e9\n".encode("latin1"), encoding="LATIN1"), [["a"], ["\u00e9"]])
        self.assertEqual(self.rows("a\n\u20ac\n".encode("utf-16"), encoding="utf16"), [["a"], ["\u20ac"]])
        self.assertEqual(self.rows("\ufeffa,b\n1,2\n".encode("utf-8")), [["a", "b"], ["1", "2"]])
        self.assertEqual(self.rows(b"a,b\r\n1,x\r\n2,y\r\n"), [["a", "b"], ["1", "x"], ["2", "y"]])

    def test_a_large_file_reads_as_a_small_one(self):
        lines = ["i,f,s,n"] + ["{},{}.5, t{} ,{}".format(i, i, i, "" if i % 3 else i) for i in range(60000)]
        text = "\n".join(lines) + "\n"
        self.assertGreater(len(text), 1 << 20)
        fast = self.frame(text)
        slow = self.frame(text[: text.index("\n10000,") + 1])
        self.assertTrue(fast[:10000].equals(slow.astype({"n": "float64"})), (fast.dtypes, slow.dtypes))
        self.assertEqual(fast["s"][59999], " t59999 ")

    def test_what_pandas_reads_faster_is_the_same(self):
        texts = ['"x,y",2', '"x""y",2', 'he said "hi",2', '"",2', '"open,2', 'a"b,2', '"ab"c,2', "1,2,3", "1", " x , y", "\n\n1,2", "  ", "a\tb"]
        for text in texts + ["\n".join(texts)]:
            slow = self.rows("a,b\n" + text + "\n1,2\n")
            with mock.patch("azureml.data._delimited.FAST_BYTES", 0):
                self.assertEqual(self.rows("a,b\n" + text + "\n1,2\n"), slow, text)

    def test_json_lines(self):
        self.put("x.jsonl", '{"a":1,"b":"x","n":{"k":1},"t":true,"d":"2020-01-02"}\n{"a":2.5,"c":null}\n')
        frame = Dataset.Tabular.from_json_lines_files((self.store, "x.jsonl")).to_pandas_dataframe()
        self.assertEqual(list(frame.columns), ["a", "b", "n", "t", "d", "c"])
        self.assertEqual(frame["a"].tolist(), [1.0, 2.5])
        self.assertEqual((frame["n"][0], frame["d"][0], frame["b"][1]), ({"k": 1}, "2020-01-02", None))


@need_pandas
class Types(TableTest):
    def inferred(self, *values):
        frame = self.frame("v,w\n" + "".join(value + ",x\n" for value in values))
        return str(frame["v"].dtype), [None if pandas.isna(one) else one for one in frame["v"].tolist()]

    def test_numbers(self):
        for values, kind, expected in (
            (("1", "2"), "int64", [1, 2]), (("1", ""), "object", [True, None]), (("2", ""), "float64", [2.0, None]),
            (("007", "+3"), "int64", [7, 3]), (("1.5", "2"), "float64", [1.5, 2.0]), (("1e3", "2E-3"), "float64", [1000.0, 0.002]),
            ((".5", "5."), "float64", [0.5, 5.0]), ((" 4", "5 "), "int64", [4, 5]), (("inf", "1"), "float64", [float("inf"), 1.0]),
            (("NaN", "1.5"), "float64", [None, 1.5]), (("1", "x"), "object", ["1", "x"]), (("1_000", "5"), "object", ["1_000", "5"]),
            (("0x1F", "5"), "object", ["0x1F", "5"]), (("5%", "6%"), "object", ["5%", "6%"]), (("NA", "null"), "object", ["NA", "null"]),
            (("9223372036854775807", "5"), "int64", [9223372036854775807, 5]),
            (("9223372036854775808", "5"), "float64", [9223372036854775808.0, 5.0]),
        ):
            self.assertEqual(self.inferred(*values), (kind, expected), values)

    def test_a_column_of_zeros_and_ones_is_boolean(self):
        for values, expected in (
            (("1", "0"), [True, False]), (("1", "1"), [True, True]), (("True", "false"), [True, False]), (("t", "F"), [True, False]),
            (("Yes", "No"), [True, False]), ((" true", "1"), [True, True]),
        ):
            self.assertEqual(self.inferred(*values), ("bool", expected), values)
        self.assertEqual(self.inferred("yes", "no"), ("object", ["yes", "no"]))
        self.assertEqual(self.inferred("1.0", "0.0"), ("float64", [1.0, 0.0]))

    def test_times(self):
        day, noon = datetime.datetime(2020, 1, 31), datetime.datetime(2020, 1, 31, 10, 20, 30)
        for value, expected in (
            ("2020-01-31", day), ("2020/01/31", day), ("01/31/2020", day), ("31/01/2020", day), ("01-31-2020", day),
            ("1/31/20", day), ("31-Jan-2020", day), ("2020-1-31", day), ("01/31/2020 10:20:30 AM", noon),
            ("2020-01-31 10:20:30", noon), ("2020-01-31T10:20:30Z", noon), ("2020-01-31T12:20:30+02:00", noon),
            ("2020-01-31 10:20:30.5", noon.replace(microsecond=500000)),
            ("2020-01-31T10:20:30.1234567Z", pandas.Timestamp("2020-01-31T10:20:30.1234567")),
        ):
            self.assertEqual(self.inferred(value, ""), ("datetime64[ns]", [expected, None]), value)
        for value in ("10:20:30", "31.01.2020", "2020-01", "Jan 31 2020", "2020-01-31 10:20", "2020-13-45"):
            self.assertEqual(self.inferred(value)[0], "object", value)

    def test_doubtful_dates_are_month_and_day_with_a_warning(self):
        with self.assertLogs("azureml.data", "WARNING") as logs:
            found = self.inferred("01/02/2020", "03/04/2020")
        self.assertIn('inferred for columns [\'v\'] are resolved as "month-day"', logs.output[0])
        self.assertEqual(found[1][0], datetime.datetime(2020, 1, 2))
        self.assertEqual(self.inferred("01/02/2020", "13/02/2020")[1], [datetime.datetime(2020, 2, 1), datetime.datetime(2020, 2, 13)])

    def test_the_first_200_rows_decide(self):
        early = self.frame("a\n" + "".join("{}\n".format("oops" if i == 199 else i) for i in range(300)))
        self.assertEqual(early["a"].dtype, object)
        table = self.table("a\n" + "".join("{}\n".format("oops" if i == 200 else i) for i in range(300)))
        late = table.to_pandas_dataframe()
        self.assertEqual(str(late["a"].dtype), "float64")
        self.assertTrue(pandas.isna(late["a"][200]) and late["a"][299] == 299)
        self.assertIn("Column 'a' has 'oops'", self.message(DatasetExecutionError, table.to_pandas_dataframe, on_error="fail"))

    def test_set_column_types_goes_before_what_is_guessed(self):
        values = ["1", "1.5", "true", "x", "", "2020-01-02", "-3", " 4 ", "1e3", "FALSE", "-1.5"]
        text = "v,w\n" + "".join(value + ",5\n" for value in values)
        for kind, expected in (
            (DataType.to_long(), [1, 1, None, None, None, None, -3, 4, 1000, None, -1]),
            (DataType.to_float(), [1, 1.5, None, None, None, None, -3, 4, 1000, None, -1.5]),
            (DataType.to_bool(), [True, None, True] + [None] * 6 + [False, None]),
            (DataType.to_string(), ["1", "1.5", "true", "x", None, "2020-01-02", "-3", " 4 ", "1e3", "FALSE", "-1.5"]),
            (DataType.to_datetime("%Y-%m-%d"), [None] * 5 + [datetime.datetime(2020, 1, 2)] + [None] * 5),
        ):
            frame = self.frame(text, set_column_types={"v": kind})
            self.assertEqual([None if pandas.isna(one) else one for one in frame["v"].tolist()], expected)
            self.assertEqual(str(frame["w"].dtype), "int64")
        frame = self.frame("v;w\n1.000,5;1\n", separator=";", set_column_types={"v": DataType.to_float(decimal_mark=",")})
        self.assertEqual(frame["v"][0], 1000.5)


@need_pandas
class Tables(TableTest):
    def setUp(self):
        super().setUp()
        self.people = self.table("name,age,when\n" + "".join(
            "n{},{},2020-01-{:02}\n".format(i, i * 2, i + 1) for i in range(20)), name="people.csv")

    def names(self, table):
        return table.to_pandas_dataframe()["name"].tolist()

    def test_columns(self):
        self.assertEqual(list(self.people.keep_columns(["when", "name", "no"]).to_pandas_dataframe().columns), ["name", "when"])
        self.assertEqual(list(self.people.drop_columns("age").to_pandas_dataframe().columns), ["name", "when"])
        text = self.message(DatasetValidationError, self.people.keep_columns, ["no"], validate=True)
        self.assertEqual(text, "The specified columns ['no'] do not exist in the current dataset. It has: name, age, when.")
        self.assertIn("name of a column", self.message(UserErrorException, self.people.drop_columns, 5))

    def test_rows(self):
        self.assertEqual(self.names(self.people.take(2)), ["n0", "n1"])
        self.assertEqual(self.names(self.people.skip(18)), ["n18", "n19"])
        self.assertEqual(self.people.skip(1).take(1).to_pandas_dataframe().index.tolist(), [0])
        one, two = self.people.random_split(0.3, seed=1)
        self.assertEqual(sorted(self.names(one) + self.names(two)), sorted(self.names(self.people)))
        self.assertEqual(self.names(self.people.take_sample(0.5, 7)), self.names(self.people.take_sample(0.5, 7)))

    def test_filter(self):
        people = self.people
        self.assertEqual(self.names(people.filter((people["age"] > 30) & (people["name"] != "n18"))), ["n16", "n17", "n19"])
        self.assertEqual(self.names(people.filter(people["name"].endswith("9") | (people["age"] == 0))), ["n0", "n9", "n19"])
        self.assertEqual(self.names(people.filter(people["when"] >= datetime.datetime(2020, 1, 19))), ["n18", "n19"])
        self.assertIn("do not exist", self.message(DatasetValidationError, people.filter(people["no"] == 1).to_pandas_dataframe))
        self.assertIn("have no order", self.message(UserErrorException, people.filter(people["name"] > 1).to_pandas_dataframe))
        self.assertIn("& and |", self.message(UserErrorException, lambda: bool(people["age"] > 1)))

    def test_times(self):
        dated = self.people.with_timestamp_columns("when")
        self.assertEqual(dated.timestamp_columns, ("when", None))
        self.assertEqual(self.names(dated.time_after(datetime.datetime(2020, 1, 19))), ["n18", "n19"])
        self.assertEqual(self.names(dated.time_after(datetime.datetime(2020, 1, 19), include_boundary=False)), ["n19"])
        self.assertEqual(self.names(dated.time_between(datetime.datetime(2020, 1, 2), datetime.datetime(2020, 1, 3))), ["n1", "n2"])
        self.assertEqual(dated.to_pandas_dataframe().index.name, "when")
        self.assertEqual(self.names(dated.time_recent(datetime.timedelta(days=1))), [])
        self.assertIn("with_timestamp_columns", self.message(DatasetTimestampMissingError, self.people.time_before, datetime.datetime.now()))

    def test_columns_from_paths(self):
        self.put("y/2020/01/a.csv", "v\n1\n")
        self.put("y/2021/12/b.csv", "v\n2\n")
        table = Dataset.Tabular.from_delimited_files(
            (self.store, "y/**"), partition_format="/y/{when:yyyy/MM}/{name}.csv", include_path=True)
        frame = table.to_pandas_dataframe()
        self.assertEqual(list(frame.columns), ["Path", "when", "name", "v"])
        self.assertEqual(frame["when"].tolist(), [datetime.datetime(2020, 1, 1), datetime.datetime(2021, 12, 1)])
        self.assertEqual(frame["Path"].tolist(), ["/y/2020/01/a.csv", "/y/2021/12/b.csv"])

    def test_registered_and_found_again(self):
        half, _ = self.people.filter(self.people["age"] > 3).keep_columns(["name"]).random_split(0.5, seed=2)
        half.register(self.workspace, "half")
        found = Dataset.get_by_name(self.workspace, "half")
        self.assertIsInstance(found, TabularDataset)
        self.assertEqual(found.to_pandas_dataframe().values.tolist(), half.to_pandas_dataframe().values.tolist())

    def test_csv_out(self):
        files = self.people.take(1).to_csv_files(separator=";").download("csv")
        with open(files[0]) as file:
            self.assertEqual(file.read(), "name;age;when\nn0;0;2020-01-01\n")

    @unittest.skipUnless(pyarrow, "pyarrow is not installed")
    def test_parquet(self):
        frame = pandas.DataFrame({"a.b": [1, 2], "s": ["x", None], "k": ["p", "q"]})
        registered = Dataset.Tabular.register_pandas_dataframe(frame, (self.store, "pq"), "frame", show_progress=False)
        again = Dataset.get_by_name(self.workspace, "frame").to_pandas_dataframe()
        self.assertEqual((registered.version, again.values.tolist()), (1, [[1, "x", "p"], [2, None, "q"]]))
        self.assertEqual(list(again.columns), ["a_b", "s", "k"])
        parts = registered.partition_by(["k"], (self.store, "parts"), name="parts", show_progress=False)
        self.assertEqual(parts.get_partition_key_values(), [{"k": "p"}, {"k": "q"}])
        self.assertEqual(parts.filter(parts["k"] == "q").to_pandas_dataframe()["a_b"].tolist(), [2])
        self.assertEqual(registered.to_parquet_files().to_path(), ["/part-00000.parquet"])


if __name__ == "__main__":
    unittest.main()
