"""The reader of test reports beside a scan of the same file that looks at nothing."""

import pathlib


def million_cases(bench):
    file = bench.folder / "million.xml"
    with file.open("w") as out:
        out.write("<testsuites><testsuite name='big' tests='1000000' failures='100000'>")
        for number in range(1_000_000):
            out.write(f'<testcase classname="org.example.shop.checkout.SomeLongClassNameTest{number // 100}" '
                      f'name="takes the money and runs with case number {number}" time="0.00{number % 10}" '
                      'file="src/test/java/org/example/shop/checkout/Test.java"')
            if number % 10 == 0:
                out.write(f'><failure message="expected &lt;1&gt;">at Test.java:{number}</failure></testcase>\n')
            else:
                out.write("/>\n")
        out.write("</testsuite></testsuites>")
    examples = pathlib.Path(bench.binary).parent / "examples"
    ours, other = bench.turns([examples / "read_report", file], [examples / "scan_xml", file])
    what = f"JUnit file of 1,000,000 cases, {file.stat().st_size // 1_000_000} MB"
    bench.compare(what, "a bare scan by quick-xml", ours, other, "1.5 x")
    bench.memory(what, ours, "256 MiB")
    file.unlink()


ROWS = [million_cases]
