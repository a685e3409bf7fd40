Console.WriteLine("proxprop");
return 0;
