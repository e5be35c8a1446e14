// A light Kafka that answers some produce requests with an error: kfake with faults.
//
//	kfake -port 9092 -topic events -error 19 -times 5
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func main() {
	port := flag.Int("port", 9092, "port of the loopback")
	topic := flag.String("topic", "events", "topic with one partition")
	code := flag.Int("error", 0, "Kafka's number of the error")
	after := flag.Int64("after", 0, "how many produce requests pass before")
	times := flag.Int64("times", 0, "how many produce requests get it")
	flag.Parse()

	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.Ports(*port), kfake.SeedTopics(1, *topic))
	if err != nil {
		log.Fatal(err)
	}
	defer cluster.Close()
	fail(cluster, int16(*code), *after, *times)
	fmt.Println("ready")

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}

// fail answers the produce requests behind the first `after` with an error, `times` times.
func fail(cluster *kfake.Cluster, code int16, after, times int64) {
	var seen atomic.Int64
	cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		number := seen.Add(1)
		if number <= after || number > after+times {
			return nil, nil, false
		}
		return refused(request.(*kmsg.ProduceRequest), code), nil, true
	})
}

func refused(request *kmsg.ProduceRequest, code int16) kmsg.Response {
	response := request.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range request.Topics {
		answer := kmsg.NewProduceResponseTopic()
		answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
		for _, partition := range topic.Partitions {
			one := kmsg.NewProduceResponseTopicPartition()
			one.Partition, one.ErrorCode = partition.Partition, code
			answer.Partitions = append(answer.Partitions, one)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response
}
