// SPDX-License-Identifier: GPL-2.0-or-later
/* Process 1: mounts, runs the checks of /scenario, reports, ends the machine. */
#include "guest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static int report = -1;
static char nonce[80];
static const char *words = "";

static void say(const char *verb, const char *format, va_list list)
{
	char line[600];
	int length = snprintf(line, sizeof(line), "%s %s ", nonce, verb);

	length += vsnprintf(line + length, sizeof(line) - length - 1, format, list);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	for (int i = 0; i < length; i++) {
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	}
	line[length++] = '\n';
	if (write(report, line, length) != length)
		_exit(3);
}

static void say_line(const char *verb, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(verb, format, list);
	va_end(list);
}

void report_value(const char *name, long long number)
{
	say_line("value", "%s %lld", name, number);
}

void report_fail(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say("fail", format, list);
	va_end(list);
}

void report_fail_everywhere(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say("fail-everywhere", format, list);
	va_end(list);
}

void skip(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say("skip", format, list);
	va_end(list);
	_exit(0);
}

void give_up_as_unclear(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say("unclear", format, list);
	va_end(list);
	_exit(0);
}

long long number(const char *key, long long otherwise)
{
	size_t length = strlen(key);

	for (const char *at = strstr(words, key); at; at = strstr(at + 1, key)) {
		if (at > words && at[-1] == ' ' && at[length] == '=')
			return strtoll(at + length + 1, NULL, 10);
	}
	return otherwise;
}

/* The port's device node: the kernel numbers ports, the host names ours. */
static int open_report(void)
{
	char path[64], name[64];

	for (int tries = 0; tries < 100; tries++) {
		for (int bus = 0; bus < 4; bus++) {
			for (int port = 0; port < 4; port++) {
				snprintf(path, sizeof(path), "/sys/class/virtio-ports/vport%dp%d/name", bus, port);
				if (!read_file(path, name, sizeof(name)) || strcmp(name, "pipeline.report"))
					continue;
				snprintf(path, sizeof(path), "/dev/vport%dp%d", bus, port);
				return open(path, O_WRONLY | O_CLOEXEC);
			}
		}
		usleep(50000);
	}
	return -1;
}

static void run(const char *label, const char *check)
{
	int status = 0;
	pid_t child;

	say_line("begin", "%s", label);
	child = fork();
	if (child == 0) {
		for (const struct check *known = __start_checks; known < __stop_checks; known++) {
			if (!strcmp(known->name, check)) {
				known->run();
				_exit(0);
			}
		}
		skip("this guest has no check %s", check);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		say_line("end", "%s 255", label);
		return;
	}
	say_line("end", "%s %d", label, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

int main(void)
{
	static char scenario[8192];
	struct utsname name;
	char *next, *line;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mkdir("/tmp", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("tmp", "/tmp", "tmpfs", 0, NULL);
	mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
	write_text("/proc/sys/kernel/kptr_restrict", "0");
	/* What the kernel prints between here and the last check is what the checks made it print. */
	uname(&name);
	printf("pipeline guest: userspace reached, %s %s\n", name.release, name.machine);
	fflush(stdout);
	report = open_report();
	if (report < 0)
		printf("pipeline guest: there is no virtio port called pipeline.report\n");
	else if (read_file("/scenario", scenario, sizeof(scenario))) {
		next = scenario;
		line = strsep(&next, "\n");
		snprintf(nonce, sizeof(nonce), "%s", line);
		say_line("kernel", "%s %s", name.release, name.machine);
		while ((line = strsep(&next, "\n"))) {
			static char label[64], check[64];

			if (sscanf(line, "%63s %63s", label, check) != 2)
				continue;
			words = line;
			run(label, check);
		}
		say_line("done", "%s", "");
	}
	fflush(stdout);
	sync();
	/* Without ACPI there is no power-off; QEMU is told to end where it would start again. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
