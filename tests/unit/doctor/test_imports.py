import subprocess
import sys

HEAVY = ("airflow", "azure", "duckdb", "great_expectations", "numba", "numpy", "pandas", "pyarrow", "requests")


def test_doctor_imports_no_heavy_package() -> None:
    code = f"import sys, logops.doctor, logops.doctor.from_environment; print(*set(sys.modules) & set({HEAVY}))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == []
