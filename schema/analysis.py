"""A machine's year: its days, its alarms, and how well each model version tells its sounds apart.

    pip install "psycopg[binary]" pandas matplotlib
    python schema/analysis.py "$(auscult db url --role analyst)" fan/id_00 year.png
"""

import sys

import matplotlib
import pandas
import psycopg

matplotlib.use("Agg")
import matplotlib.pyplot as plot  # noqa: E402

url, machine, picture = sys.argv[1:]
machine_type, machine_id = machine.split("/")


def frame(database, question, *values):
    cursor = database.execute(question, values)
    return pandas.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


with psycopg.connect(url) as database:
    days = frame(
        database,
        """select day, clips, anomalies, median_score from machine_days
           where machine_type = %s and machine_id = %s and leads order by day""",
        machine_type, machine_id)
    alarms = frame(
        database,
        """select recorded_at, score, threshold from alarms
           where machine_type = %s and machine_id = %s and recorded_at >= now() - interval '30 days'""",
        machine_type, machine_id)
    curves = frame(
        database,
        "select model_version, auc, auc_low, auc_high from evaluations where machine_type = %s and machine_id = %s",
        machine_type, machine_id)

if days.empty:
    sys.exit(f"nothing is known of {machine}; select distinct machine_type, machine_id from machine_days shows the machines")
days["day"] = pandas.to_datetime(days["day"])
weekly = days.set_index("day")["median_score"].rolling("7D").median()

figure, axes = plot.subplots(figsize=(10, 4))
axes.plot(days["day"], days["median_score"], ".", label="median of the day")
axes.plot(weekly.index, weekly, label="median of seven days")
axes.set(title=machine, ylabel="score")
axes.legend()
figure.savefig(picture)

print(f"{len(days)} days, {days['clips'].sum()} clips, {len(alarms)} alarms in 30 days")
print(curves.to_string(index=False))
