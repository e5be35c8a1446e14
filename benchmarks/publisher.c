/* Publishes the lines of a file with QoS 1, again and again, until COUNT are acknowledged; if COUNT
   is 0, a thousand a second, until killed.
   publisher PORT COUNT TOPIC FILE   prints JSON: events a second, and the CPU of each in us */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define WINDOW 100
#define MOST 1000
#define PACE 1000.0

static long acknowledged;

static void acked(struct mosquitto *client, void *data, int mid, int code,
                  const mosquitto_property *properties) {
  (void)client, (void)data, (void)mid, (void)code, (void)properties;
  acknowledged++;
}

static double wall(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static double cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
         (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **words) {
  char *lines[MOST];
  size_t lengths[MOST], size = 0;
  int most = 0;
  if (count != 5) return 2;
  FILE *file = fopen(words[4], "r");
  if (!file) return 2;
  for (char *line = NULL; most < MOST; most++, line = NULL, size = 0) {
    ssize_t length = getline(&line, &size, file);
    if (length < 1) break;
    lines[most] = line;
    lengths[most] = (size_t)length - 1;
  }
  long wanted = atol(words[2]);
  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new(NULL, true, NULL);
  mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, WINDOW);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_publish_v5_callback_set(client, acked);
  mosquitto_property *properties = NULL;
  mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE,
                                "application/cloudevents+json; charset=utf-8");
  if (mosquitto_connect(client, "127.0.0.1", atoi(words[1]), 60)) return 1;
  for (int n = 0; n < 10; n++) mosquitto_loop(client, 10, 1);
  double began = wall(), used = cpu();
  for (long sent = 0; !wanted || acknowledged < wanted;) {
    int due = wanted ? sent < wanted : wall() >= began + sent / PACE;
    if (due && sent - acknowledged < WINDOW) {
      int n = (int)(sent++ % most);
      if (mosquitto_publish_v5(client, NULL, words[3], (int)lengths[n], lines[n], 1, false,
                               properties))
        return 1;
    } else if (mosquitto_loop(client, wanted ? 1000 : 1, 1)) {
      return 1;
    }
  }
  double seconds = wall() - began;
  printf("{\"per_second\": %f, \"cpu_us\": %f}\n", wanted / seconds, (cpu() - used) / wanted * 1e6);
  mosquitto_disconnect(client);
  return 0;
}
