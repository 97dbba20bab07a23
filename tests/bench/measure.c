/* measure COMMAND... - run it with its output thrown away; print the seconds it
 * took, of user time, of system time, and its peak memory in KiB. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage use;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		(void)dup2(null, 1);
		(void)execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid)
		return 1;
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	(void)printf("%.3f %.3f %.3f %ld\n",
	             (double)(to.tv_sec - from.tv_sec) +
	             (double)(to.tv_nsec - from.tv_nsec) / 1e9,
	             seconds(&use.ru_utime), seconds(&use.ru_stime),
	             use.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
